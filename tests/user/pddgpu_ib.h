/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Command buffers: one function a packet, and how to run them.  Addresses are
 * GPU virtual addresses of the client, sizes are bytes unless said otherwise.
 * Operands are not checked, so that tests can get them wrong; a command buffer
 * that outgrows its room aborts the program.
 */
#ifndef PDDGPU_IB_H
#define PDDGPU_IB_H

#include "pddgpu.h"

/**
 * struct pdd_ib - a command buffer being written
 * @bo: mapped and bound memory that holds it
 * @dw: the same as dwords
 * @n: dwords written
 * @room: dwords that fit
 */
struct pdd_ib {
	struct pdd_bo bo;
	u32 *dw;
	u32 n;
	u32 room;
};

/**
 * struct pdd_use - what a submission names beside its command buffer
 * @bos: buffers
 * @num_bos: how many
 * @syncs: syncobjs
 * @num_syncs: how many
 */
struct pdd_use {
	const struct drm_pddgpu_cs_bo *bos;
	u32 num_bos;
	const struct drm_pddgpu_sync *syncs;
	u32 num_syncs;
};

/**
 * pdd_ib_init() - Make an empty command buffer in GTT
 * @c: the client
 * @dwords: how many must fit
 * @ib: filled in
 *
 * Return: 0 or a negative errno.
 */
int pdd_ib_init(struct pdd_client *c, u32 dwords, struct pdd_ib *ib);

/**
 * pdd_ib_free() - Free a command buffer that no job uses any more
 * @c: the client
 * @ib: the command buffer
 */
void pdd_ib_free(struct pdd_client *c, struct pdd_ib *ib);

/**
 * pdd_ib_reset() - Start again, when no job uses it any more
 * @ib: the command buffer
 */
void pdd_ib_reset(struct pdd_ib *ib);

/**
 * pdd_emit() - Append one dword
 * @ib: the command buffer
 * @dword: its value
 */
void pdd_emit(struct pdd_ib *ib, u32 dword);

/**
 * pdd_packet() - Append any packet
 * @ib: the command buffer
 * @op: PDDGPU_OP_*
 * @flags: its flags
 * @payload: dwords, may be NULL if there are none
 * @count: how many
 */
void pdd_packet(struct pdd_ib *ib, u32 op, u32 flags, const u32 *payload, u32 count);

/**
 * pdd_nop() - Append a NOP
 * @ib: the command buffer
 * @count: payload dwords, all ones
 */
void pdd_nop(struct pdd_ib *ib, u32 count);

/**
 * pdd_write() - Append a WRITE
 * @ib: the command buffer
 * @addr: where to
 * @values: dwords to write
 * @count: how many
 */
void pdd_write(struct pdd_ib *ib, u64 addr, const u32 *values, u32 count);

/**
 * pdd_write32() - Append a WRITE of one dword
 * @ib: the command buffer
 * @addr: where to
 * @value: the dword
 */
void pdd_write32(struct pdd_ib *ib, u64 addr, u32 value);

/**
 * pdd_fill() - Append a FILL
 * @ib: the command buffer
 * @addr: where to
 * @bytes: how much
 * @value: the dword to repeat
 */
void pdd_fill(struct pdd_ib *ib, u64 addr, u64 bytes, u32 value);

/**
 * pdd_copy() - Append a COPY
 * @ib: the command buffer
 * @src: where from
 * @dst: where to
 * @bytes: how much
 */
void pdd_copy(struct pdd_ib *ib, u64 src, u64 dst, u64 bytes);

/**
 * struct pdd_rect - operands of COPY_RECT
 * @src: where from
 * @dst: where to
 * @src_pitch: bytes from row to row there
 * @dst_pitch: bytes from row to row here
 * @row_bytes: bytes a row
 * @rows: how many rows
 */
struct pdd_rect {
	u64 src;
	u64 dst;
	u32 src_pitch;
	u32 dst_pitch;
	u32 row_bytes;
	u32 rows;
};

/**
 * pdd_copy_rect() - Append a COPY_RECT
 * @ib: the command buffer
 * @rect: operands
 */
void pdd_copy_rect(struct pdd_ib *ib, const struct pdd_rect *rect);

/**
 * pdd_wait() - Append a WAIT
 * @ib: the command buffer
 * @compare: PDDGPU_WAIT_*
 * @addr: the dword that is waited for
 * @ref: what it is compared with
 * @mask: bits that count
 */
void pdd_wait(struct pdd_ib *ib, u32 compare, u64 addr, u32 ref, u32 mask);

/**
 * pdd_atomic() - Append an ATOMIC
 * @ib: the command buffer
 * @op: PDDGPU_ATOMIC_*
 * @addr: the 64-bit word
 * @operand: operand
 * @compare: CMPXCHG: value to find, else 0
 * @old: where to store what was there before, or 0
 */
void pdd_atomic(struct pdd_ib *ib, u32 op, u64 addr, u64 operand, u64 compare, u64 old);

/**
 * pdd_timestamp() - Append a TIMESTAMP
 * @ib: the command buffer
 * @addr: where to
 */
void pdd_timestamp(struct pdd_ib *ib, u64 addr);

/**
 * pdd_onchip_copy() - Append an ONCHIP_COPY
 * @ib: the command buffer
 * @flags: PDDGPU_ONCHIP_* heap, and PDDGPU_ONCHIP_COPY_TO_MEMORY if from there
 * @offset: where in the listed buffer of the heap
 * @bytes: how much
 * @addr: where in memory
 */
void pdd_onchip_copy(struct pdd_ib *ib, u32 flags, u32 offset, u32 bytes, u64 addr);

/**
 * pdd_barrier() - Append an ONCHIP_BARRIER
 * @ib: the command buffer
 * @at: page of the listed buffer in GWS
 * @participants: how many must come
 */
void pdd_barrier(struct pdd_ib *ib, u32 at, u32 participants);

/**
 * pdd_append() - Append an ONCHIP_APPEND
 * @ib: the command buffer
 * @at: page of the listed buffer in OA
 * @turn: when to do it
 * @amount: what to add
 * @addr: where to store the old value
 */
void pdd_append(struct pdd_ib *ib, u32 at, u32 turn, u32 amount, u64 addr);

/**
 * struct pdd_map - operands of MAP
 * @a: first source, or 0
 * @b: second source, or 0
 * @dst: where to
 * @words: how many 32-bit words
 * @scalar: the constant
 */
struct pdd_map {
	u64 a;
	u64 b;
	u64 dst;
	u64 words;
	u32 scalar;
};

/**
 * pdd_map() - Append a MAP
 * @ib: the command buffer
 * @function: PDDGPU_MAP_*
 * @map: operands
 */
void pdd_map(struct pdd_ib *ib, u32 function, const struct pdd_map *map);

/**
 * pdd_crc32() - Append a CRC32
 * @ib: the command buffer
 * @src: what to sum up
 * @bytes: how much
 * @dst: where to store the sum
 */
void pdd_crc32(struct pdd_ib *ib, u64 src, u64 bytes, u64 dst);

/**
 * struct pdd_mandelbrot - operands of MANDELBROT
 * @dst: where to
 * @pitch: bytes from row to row
 * @width: pixels
 * @height: pixels
 * @left: Q4.28
 * @top: Q4.28
 * @step: Q4.28 a pixel
 * @iterations: at most so many
 */
struct pdd_mandelbrot {
	u64 dst;
	u32 pitch;
	u32 width;
	u32 height;
	u32 left;
	u32 top;
	u32 step;
	u32 iterations;
};

/**
 * pdd_mandelbrot() - Append a MANDELBROT
 * @ib: the command buffer
 * @m: operands
 */
void pdd_mandelbrot(struct pdd_ib *ib, const struct pdd_mandelbrot *m);

/**
 * pdd_submit_ctx() - Hand a command buffer to an engine
 * @c: the client
 * @ctx: id of one of its contexts
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: the command buffer
 * @use: what else the job names, or NULL
 *
 * Return: 0 or a negative errno.
 */
int pdd_submit_ctx(struct pdd_client *c, u32 ctx, u32 engine, const struct pdd_ib *ib,
		   const struct pdd_use *use);

/**
 * pdd_submit() - pdd_submit_ctx() on the client's own context
 * @c: the client
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: the command buffer
 * @use: what else the job names, or NULL
 *
 * Return: 0 or a negative errno.
 */
int pdd_submit(struct pdd_client *c, u32 engine, const struct pdd_ib *ib,
	       const struct pdd_use *use);

/**
 * pdd_submit_out() - pdd_submit() with a fresh binary syncobj that the job signals
 * @c: the client
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: the command buffer
 * @bos: buffers
 * @num_bos: how many
 * @out: the syncobj, for drmSyncobjDestroy()
 *
 * Return: 0 or a negative errno.
 */
int pdd_submit_out(struct pdd_client *c, u32 engine, const struct pdd_ib *ib,
		   const struct drm_pddgpu_cs_bo *bos, u32 num_bos, u32 *out);

/**
 * pdd_finish() - Wait for a binary syncobj that a job signals, and destroy it
 * @dev: the card
 * @out: the syncobj
 *
 * Return: 0, -ETIME after PDD_WAIT_NS, or the error of the job's fence.
 */
int pdd_finish(struct pdd_dev *dev, u32 out);

/**
 * pdd_run() - Submit, wait, and start the command buffer again
 * @c: the client
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: the command buffer
 * @bos: buffers
 * @num_bos: how many
 *
 * Return: 0, what the CS gave, or the error of the job's fence.
 */
int pdd_run(struct pdd_client *c, u32 engine, struct pdd_ib *ib,
	    const struct drm_pddgpu_cs_bo *bos, u32 num_bos);

#endif
