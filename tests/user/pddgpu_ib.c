// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "pddgpu_ib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int pdd_ib_init(struct pdd_client *c, u32 dwords, struct pdd_ib *ib)
{
	int ret;

	*ib = (struct pdd_ib){ 0 };
	ret = pdd_bo_new(c, dwords * 4ULL, GTT, 0, &ib->bo);
	if (ret)
		return ret;
	ret = pdd_bo_map(&c->dev, &ib->bo);
	if (ret) {
		pdd_bo_free(&c->dev, &ib->bo);
		return ret;
	}
	ib->dw = ib->bo.map;
	ib->room = ib->bo.size / 4;
	return 0;
}

void pdd_ib_free(struct pdd_client *c, struct pdd_ib *ib)
{
	pdd_unbind(c, ib->bo.va, ib->bo.size);
	pdd_bo_free(&c->dev, &ib->bo);
}

void pdd_ib_reset(struct pdd_ib *ib)
{
	ib->n = 0;
}

void pdd_emit(struct pdd_ib *ib, u32 dword)
{
	if (ib->n == ib->room) {
		fprintf(stderr, "a command buffer has outgrown its %u dwords\n", ib->room);
		abort();
	}
	ib->dw[ib->n++] = dword;
}

static void emit64(struct pdd_ib *ib, u64 value)
{
	pdd_emit(ib, (u32)value);
	pdd_emit(ib, value >> 32);
}

static void emit_header(struct pdd_ib *ib, u32 op, u32 flags, u32 count)
{
	pdd_emit(ib, PDDGPU_PKT(op, flags, count));
}

void pdd_packet(struct pdd_ib *ib, u32 op, u32 flags, const u32 *payload, u32 count)
{
	emit_header(ib, op, flags, count);
	for (u32 i = 0; i < count; i++)
		pdd_emit(ib, payload[i]);
}

void pdd_nop(struct pdd_ib *ib, u32 count)
{
	emit_header(ib, PDDGPU_OP_NOP, 0, count);
	while (count--)
		pdd_emit(ib, ~0u);
}

void pdd_write(struct pdd_ib *ib, u64 addr, const u32 *values, u32 count)
{
	emit_header(ib, PDDGPU_OP_WRITE, 0, 2 + count);
	emit64(ib, addr);
	for (u32 i = 0; i < count; i++)
		pdd_emit(ib, values[i]);
}

void pdd_write32(struct pdd_ib *ib, u64 addr, u32 value)
{
	pdd_write(ib, addr, &value, 1);
}

void pdd_fill(struct pdd_ib *ib, u64 addr, u64 bytes, u32 value)
{
	emit_header(ib, PDDGPU_OP_FILL, 0, PDDGPU_FILL_COUNT);
	emit64(ib, addr);
	emit64(ib, bytes);
	pdd_emit(ib, value);
}

void pdd_copy(struct pdd_ib *ib, u64 src, u64 dst, u64 bytes)
{
	emit_header(ib, PDDGPU_OP_COPY, 0, PDDGPU_COPY_COUNT);
	emit64(ib, src);
	emit64(ib, dst);
	emit64(ib, bytes);
}

void pdd_copy_rect(struct pdd_ib *ib, const struct pdd_rect *rect)
{
	emit_header(ib, PDDGPU_OP_COPY_RECT, 0, PDDGPU_COPY_RECT_COUNT);
	emit64(ib, rect->src);
	emit64(ib, rect->dst);
	pdd_emit(ib, rect->src_pitch);
	pdd_emit(ib, rect->dst_pitch);
	pdd_emit(ib, rect->row_bytes);
	pdd_emit(ib, rect->rows);
}

void pdd_wait(struct pdd_ib *ib, u32 compare, u64 addr, u32 ref, u32 mask)
{
	emit_header(ib, PDDGPU_OP_WAIT, compare, PDDGPU_WAIT_COUNT);
	emit64(ib, addr);
	pdd_emit(ib, ref);
	pdd_emit(ib, mask);
}

void pdd_atomic(struct pdd_ib *ib, u32 op, u64 addr, u64 operand, u64 compare, u64 old)
{
	emit_header(ib, PDDGPU_OP_ATOMIC, op, PDDGPU_ATOMIC_COUNT);
	emit64(ib, addr);
	emit64(ib, operand);
	emit64(ib, compare);
	emit64(ib, old);
}

void pdd_timestamp(struct pdd_ib *ib, u64 addr)
{
	emit_header(ib, PDDGPU_OP_TIMESTAMP, 0, PDDGPU_TIMESTAMP_COUNT);
	emit64(ib, addr);
}

void pdd_onchip_copy(struct pdd_ib *ib, u32 flags, u32 offset, u32 bytes, u64 addr)
{
	emit_header(ib, PDDGPU_OP_ONCHIP_COPY, flags, PDDGPU_ONCHIP_COPY_COUNT);
	pdd_emit(ib, offset);
	pdd_emit(ib, bytes);
	emit64(ib, addr);
}

void pdd_barrier(struct pdd_ib *ib, u32 at, u32 participants)
{
	emit_header(ib, PDDGPU_OP_ONCHIP_BARRIER, 0, PDDGPU_ONCHIP_BARRIER_COUNT);
	pdd_emit(ib, at);
	pdd_emit(ib, participants);
}

void pdd_append(struct pdd_ib *ib, u32 at, u32 turn, u32 amount, u64 addr)
{
	emit_header(ib, PDDGPU_OP_ONCHIP_APPEND, 0, PDDGPU_ONCHIP_APPEND_COUNT);
	pdd_emit(ib, at);
	pdd_emit(ib, turn);
	pdd_emit(ib, amount);
	emit64(ib, addr);
}

void pdd_map(struct pdd_ib *ib, u32 function, const struct pdd_map *map)
{
	emit_header(ib, PDDGPU_OP_MAP, function, PDDGPU_MAP_COUNT);
	emit64(ib, map->a);
	emit64(ib, map->b);
	emit64(ib, map->dst);
	emit64(ib, map->words);
	pdd_emit(ib, map->scalar);
}

void pdd_crc32(struct pdd_ib *ib, u64 src, u64 bytes, u64 dst)
{
	emit_header(ib, PDDGPU_OP_CRC32, 0, PDDGPU_CRC32_COUNT);
	emit64(ib, src);
	emit64(ib, bytes);
	emit64(ib, dst);
}

void pdd_mandelbrot(struct pdd_ib *ib, const struct pdd_mandelbrot *m)
{
	emit_header(ib, PDDGPU_OP_MANDELBROT, 0, PDDGPU_MANDELBROT_COUNT);
	emit64(ib, m->dst);
	pdd_emit(ib, m->pitch);
	pdd_emit(ib, m->width);
	pdd_emit(ib, m->height);
	pdd_emit(ib, m->left);
	pdd_emit(ib, m->top);
	pdd_emit(ib, m->step);
	pdd_emit(ib, m->iterations);
}

int pdd_submit_ctx(struct pdd_client *c, u32 ctx, u32 engine, const struct pdd_ib *ib,
		   const struct pdd_use *use)
{
	struct drm_pddgpu_cs cs = {
		.ctx_id = ctx,
		.engine = engine,
		.ib_dwords = ib->n,
		.ib_addr = ib->bo.va,
		.bo_stride = sizeof(struct drm_pddgpu_cs_bo),
		.sync_stride = sizeof(struct drm_pddgpu_sync),
	};

	if (use) {
		cs.bos = (uintptr_t)use->bos;
		cs.num_bos = use->num_bos;
		cs.syncs = (uintptr_t)use->syncs;
		cs.num_syncs = use->num_syncs;
	}
	return pdd_ioctl(c->dev.fd, DRM_IOCTL_PDDGPU_CS, &cs);
}

int pdd_submit(struct pdd_client *c, u32 engine, const struct pdd_ib *ib,
	       const struct pdd_use *use)
{
	return pdd_submit_ctx(c, c->ctx, engine, ib, use);
}

int pdd_submit_out(struct pdd_client *c, u32 engine, const struct pdd_ib *ib,
		   const struct drm_pddgpu_cs_bo *bos, u32 num_bos, u32 *out)
{
	struct drm_pddgpu_sync sync = { .flags = DRM_PDDGPU_SYNC_SIGNAL };
	struct pdd_use use = { bos, num_bos, &sync, 1 };
	int ret;

	*out = pdd_syncobj(&c->dev);
	if (!*out)
		return -errno;
	sync.handle = *out;
	ret = pdd_submit(c, engine, ib, &use);
	if (ret)
		drmSyncobjDestroy(c->dev.fd, *out);
	return ret;
}

int pdd_finish(struct pdd_dev *dev, u32 out)
{
	int ret = pdd_syncobj_wait(dev, out, PDD_WAIT_NS);

	if (!ret)
		ret = pdd_syncobj_status(dev, out);
	drmSyncobjDestroy(dev->fd, out);
	return ret < 0 ? ret : 0;
}

int pdd_run(struct pdd_client *c, u32 engine, struct pdd_ib *ib,
	    const struct drm_pddgpu_cs_bo *bos, u32 num_bos)
{
	u32 out;
	int ret = pdd_submit_out(c, engine, ib, bos, num_bos, &out);

	if (!ret)
		ret = pdd_finish(&c->dev, out);
	pdd_ib_reset(ib);
	return ret;
}
