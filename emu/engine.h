/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * DOC: Engines
 *
 * An engine is a thread.  While it is "running" it may hold pointers into VRAM
 * and guest memory.  Whoever needs it not to (DMA_UNMAP, TLB invalidation, a
 * reset) pauses it: sets @attention and waits until it is not running.  The
 * engine looks at @attention at least every few hundred KiB, in
 * engine_breathe(), and holds no pointer across that.
 */
#ifndef EMU_ENGINE_H
#define EMU_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"
#include "stats.h"

struct card;

/* A packet ended because its engine is to stop; not a PDDGPU_ERR_*. */
#define ENGINE_STOPPED	(-1)

/**
 * struct engine - one engine
 * @card: its card
 * @index: PDDGPU_ENGINE_*
 * @thread: runs the ring
 * @lock: protects everything up to @halt_error; held briefly
 * @wake: the engine waits on it
 * @parked: others wait on it for the engine to stand still or be reset
 * @running: the thread may hold pointers
 * @busy: a packet is in execution, though it may stand still
 * @pause: how many want it to stand still
 * @reset: PDDGPU_ENGINE_CTRL_RESET
 * @stuck: the same, by a fault switch: the thread knows nothing of it
 * @quit: the thread shall end
 * @enable: PDDGPU_ENGINE_CTRL_ENABLE
 * @halted: an error in the ring stopped the engine
 * @halt_error: PDDGPU_ERR_* of that
 * @ring_base: VMID 0 address
 * @ring_size: bytes
 * @wptr: last doorbell taken, dwords
 * @rptr: next packet, dwords; written by the thread
 * @attention: @pause, @reset, @quit or @doomed is set; read without the lock
 * @doomed: the card vanishes when the thread next stands still; written by the
 *	thread, under @lock
 * @breaths: times the thread has stood still; thread only
 * @ib_vmid: VMID of the INDIRECT that runs, ~0 if none
 * @ib_base: its address
 * @ib_rptr: dword index inside it
 * @fence: value of the last FENCE
 * @ib_error: PDDGPU_ERR_* for the next FENCE; thread only
 * @stats: counters
 * @tlb: translation cache; thread, or others while it stands still
 * @port: the thread's way to memory
 * @packet: the packet that runs, header first; thread only
 */
struct engine {
	struct card *card;
	unsigned int index;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t parked;
	bool running;
	bool busy;
	unsigned int pause;
	bool reset;
	bool stuck;
	bool quit;
	bool enable;
	bool halted;
	int halt_error;
	uint64_t ring_base;
	uint32_t ring_size;
	uint32_t wptr;
	_Atomic uint32_t rptr;

	atomic_bool attention;
	bool doomed;
	unsigned int breaths;

	_Atomic uint32_t ib_vmid;
	_Atomic uint64_t ib_base;
	_Atomic uint32_t ib_rptr;
	_Atomic uint64_t fence;
	int ib_error;
	struct stats stats;
	struct tlb tlb;
	struct mmu_port port;
	uint32_t *packet;
};

/**
 * engine_start() - Initialise an engine and start its thread
 * @engine: zeroed memory
 * @card: its card
 * @index: PDDGPU_ENGINE_*
 *
 * Return: 0, -ENOMEM, or what pthread_create() said.
 */
int engine_start(struct engine *engine, struct card *card, unsigned int index);

/**
 * engine_stop() - End the thread and release the engine
 * @engine: one that engine_start() returned 0 for
 */
void engine_stop(struct engine *engine);

/**
 * engine_power_on() - Stop, and bring all registers to power-on state
 * @engine: the engine
 *
 * Returns when the thread has stopped.  Not for engine threads.
 */
void engine_power_on(struct engine *engine);

/**
 * engine_pause() - Make the engine stand still
 * @engine: the engine, not the caller's own
 *
 * Pauses add up; each needs its engine_resume().
 */
void engine_pause(struct engine *engine);

/**
 * engine_resume() - Undo one engine_pause()
 * @engine: the engine
 */
void engine_resume(struct engine *engine);

/**
 * engine_tlb_drop() - Forget translations
 * @engine: the engine, not the caller's own unless it has stepped aside
 * @vmids: a bit a VMID; bit 0 drops GART entries
 *
 * On return no access that used the old entries is still under way.
 */
void engine_tlb_drop(struct engine *engine, uint32_t vmids);

/**
 * engine_breathe() - Let others stop this engine
 * @engine: the caller's own
 *
 * Pointers from mmu_translate() are void after this.
 *
 * Return: 0, or ENGINE_STOPPED if the packet shall end.
 */
int engine_breathe(struct engine *engine);

/**
 * engine_nap() - Stand still for a while
 * @engine: the caller's own
 * @ns: how long at most, below one second
 *
 * Return: 0, or ENGINE_STOPPED if the packet shall end.
 */
int engine_nap(struct engine *engine, long ns);

/**
 * engine_doom() - Let the card vanish in the middle of this packet
 * @engine: the caller's own
 */
void engine_doom(struct engine *engine);

/**
 * engine_step_aside() - Stand still while this thread works on other engines
 * @engine: the caller's own
 */
void engine_step_aside(struct engine *engine);

/**
 * engine_step_back() - End engine_step_aside()
 * @engine: the caller's own
 */
void engine_step_back(struct engine *engine);

/**
 * engine_read() - Read one of the engine's registers
 * @engine: the engine
 * @reg: PDDGPU_ENGINE_*
 * @value: where to
 *
 * Return: false if there is no such register to read.
 */
bool engine_read(struct engine *engine, uint32_t reg, uint32_t *value);

/**
 * engine_write() - Write one of the engine's registers
 * @engine: the engine
 * @reg: PDDGPU_ENGINE_*
 * @value: what
 *
 * A value that makes no sense now is logged and dropped.
 *
 * Return: false if there is no such register to write.
 */
bool engine_write(struct engine *engine, uint32_t reg, uint32_t value);

/**
 * engine_doorbell() - Take a new ring write pointer
 * @engine: the engine
 * @wptr: dword index; logged and dropped if outside the ring or not enabled
 */
void engine_doorbell(struct engine *engine, uint32_t wptr);

#endif
