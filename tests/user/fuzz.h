/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the parts of pddgpu-fuzz share: the model of what a process has, the
 * stream of random numbers, and the calls that check what the kernel answers.
 *
 * A stream is what one thread does.  Step n of a stream draws its numbers from
 * the seed of the run, the number of the process, that of the thread, and n;
 * whatever happened before, step n does the same, with the handles and ids that
 * the model holds at that moment.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pddgpu.h"

#define FUZZ_MAX_CARDS		8
#define FUZZ_MAX_PROCESSES	32
#define FUZZ_MAX_THREADS	8
#define FUZZ_FILES		5
#define FUZZ_BOS		24
#define FUZZ_VMS		4
#define FUZZ_CTXS		6
#define FUZZ_SYNCS		10
#define FUZZ_BINDS		12
#define FUZZ_MAPS		12
#define FUZZ_FDS		10
#define FUZZ_SCRATCH		(64 * KIB)

/* Where each address space has its command buffers, and how many dwords. */
#define FUZZ_IB_VA		0x7f000000ULL
#define FUZZ_IB_DWORDS		4096
/* The last of them is what a gated job waits for. */
#define FUZZ_GATE_DWORD		(FUZZ_IB_DWORDS - 1)

/**
 * enum fuzz_call_id - calls that are counted and checked
 */
enum fuzz_call_id {
	FUZZ_INFO, FUZZ_GEM_CREATE, FUZZ_GEM_MMAP, FUZZ_GEM_INFO, FUZZ_GEM_WAIT, FUZZ_GEM_MADVISE, FUZZ_VM_CREATE,
	FUZZ_VM_DESTROY, FUZZ_VM_BIND, FUZZ_CTX_CREATE, FUZZ_CTX_DESTROY, FUZZ_CTX_QUERY, FUZZ_CS,
	FUZZ_DRIVER_CALLS,
	FUZZ_VERSION = FUZZ_DRIVER_CALLS, FUZZ_GET_CAP, FUZZ_SET_CLIENT_CAP, FUZZ_GET_UNIQUE,
	FUZZ_GET_CLIENT, FUZZ_GET_STATS, FUZZ_GET_MAGIC, FUZZ_AUTH_MAGIC, FUZZ_SET_MASTER,
	FUZZ_DROP_MASTER, FUZZ_GEM_CLOSE, FUZZ_GEM_FLINK, FUZZ_GEM_OPEN, FUZZ_HANDLE_TO_FD,
	FUZZ_FD_TO_HANDLE, FUZZ_SYNC_CREATE, FUZZ_SYNC_DESTROY, FUZZ_SYNC_TO_FD, FUZZ_SYNC_FROM_FD,
	FUZZ_SYNC_WAIT, FUZZ_SYNC_RESET, FUZZ_SYNC_SIGNAL, FUZZ_SYNC_TIMELINE_WAIT,
	FUZZ_SYNC_QUERY, FUZZ_SYNC_TRANSFER, FUZZ_SYNC_TIMELINE_SIGNAL, FUZZ_ANY_IOCTL,
	FUZZ_OPEN, FUZZ_MMAP, FUZZ_MUNMAP, FUZZ_MPROTECT, FUZZ_MADVISE, FUZZ_MREMAP, FUZZ_MSYNC,
	FUZZ_TOUCH, FUZZ_READ_MEM, FUZZ_LOOK, FUZZ_FORK, FUZZ_DUP, FUZZ_CLOSE, FUZZ_SEND,
	FUZZ_RECEIVE, FUZZ_NUM_CALLS
};

/**
 * enum fuzz_expect - what is known about a call's success
 * @FUZZ_ANY: nothing
 * @FUZZ_GOOD: its arguments are right; only a lack of memory, room or time, or a
 *	ban may fail it.  As good as FUZZ_ANY on files that others use as well.
 * @FUZZ_BAD: it must fail
 */
enum fuzz_expect { FUZZ_ANY, FUZZ_GOOD, FUZZ_BAD };

/**
 * struct fuzz_options - the command line
 * @seed: of the run
 * @seconds: how long
 * @processes: how many at a time
 * @threads: of each process that has several
 * @steps: that a stream has
 * @only: the one process to run, or -1
 * @bound: longest that a call may take, in seconds
 * @hangs: one in so many command buffers waits for what never comes, 0 for none
 * @pressure: keep the guest's memory nearly full
 * @trace: print each call
 */
struct fuzz_options {
	u64 seed;
	unsigned int seconds;
	unsigned int processes;
	unsigned int threads;
	u32 steps;
	int only;
	unsigned int bound;
	unsigned int hangs;
	bool pressure;
	bool trace;
};

extern struct fuzz_options fuzz_options;

/**
 * struct fuzz_card - a card as a client finds it
 * @render: its render node
 * @primary: its primary node
 * @debugfs: its folder there
 * @info: answer to DRM_PDDGPU_INFO_DEVICE
 */
struct fuzz_card {
	char render[32];
	char primary[32];
	char debugfs[64];
	struct drm_pddgpu_info_device info;
};

extern struct fuzz_card fuzz_cards[FUZZ_MAX_CARDS];
extern unsigned int fuzz_num_cards;

/**
 * struct fuzz_slot - where a stream is, for the process that watches
 * @process: its number
 * @thread: its thread
 * @step: its step
 * @call: enum fuzz_call_id of the call it is in
 * @since: when that began, ns; 0 if it is in none
 */
struct fuzz_slot {
	_Atomic u32 process;
	_Atomic u32 thread;
	_Atomic u32 step;
	_Atomic u32 call;
	_Atomic u64 since;
};

/**
 * struct fuzz_count - what became of the calls of one kind
 * @good: succeeded
 * @bad: failed, as they may
 * @longest: ns
 */
struct fuzz_count {
	_Atomic u64 good;
	_Atomic u64 bad;
	_Atomic u64 longest;
};

/**
 * struct fuzz_shared - memory that all processes of a run share
 * @counts: by enum fuzz_call_id
 * @slots: by place, then by thread; the last one is for what a process forks
 * @steps: steps taken
 * @jobs: command buffers that CS took
 * @hangs: of them those that hang by intent
 * @bus_errors: touches of mapped buffers that gave SIGBUS
 * @rounds: rounds that the victims did
 * @quiet: victims shall pause between two rounds
 * @paused: victims that do
 * @stop: victims shall end
 * @failed: somebody has failed
 * @failure: who and why, valid when @failed is 2
 */
struct fuzz_shared {
	struct fuzz_count counts[FUZZ_NUM_CALLS];
	struct fuzz_slot slots[FUZZ_MAX_PROCESSES][FUZZ_MAX_THREADS + 1];
	_Atomic u64 steps;
	_Atomic u64 jobs;
	_Atomic u64 hangs;
	_Atomic u64 bus_errors;
	_Atomic u64 rounds;
	_Atomic int quiet;
	_Atomic int paused;
	_Atomic int stop;
	_Atomic int failed;
	char failure[2048];
};

extern struct fuzz_shared *fuzz_shared;

/* The process that starts all others and tells what happened */
extern pid_t fuzz_watcher;

/**
 * struct fuzz_bo - a buffer that a file has
 * @handle: 0 if there is none
 * @size: bytes
 * @domains: DRM_PDDGPU_DOMAIN_*
 * @flags: DRM_PDDGPU_GEM_*
 * @vm: &fuzz_vm.unique of the address space that owns it, or 0
 * @foreign: somebody else made it, so nothing is known of it but handle and size
 * @listed: the list being made has it
 */
struct fuzz_bo {
	u32 handle;
	u64 size;
	u32 domains;
	u32 flags;
	u32 vm;
	bool foreign;
	bool listed;
};

/**
 * struct fuzz_vm - an address space that a file has
 * @id: 0 if there is none
 * @unique: tells it from others that have had the same id
 * @ib: command buffers at FUZZ_IB_VA, as the CPU sees them, or NULL
 * @binds: the last ones: address
 * @ranges: and bytes
 * @next: where the next goes
 */
struct fuzz_vm {
	u32 id;
	u32 unique;
	u32 *ib;
	u64 binds[FUZZ_BINDS];
	u64 ranges[FUZZ_BINDS];
	u32 next;
};

/**
 * struct fuzz_ctx - a context that a file has
 * @id: 0 if there is none
 * @vm: &fuzz_vm.unique of its address space
 */
struct fuzz_ctx {
	u32 id;
	u32 vm;
};

/**
 * struct fuzz_file - an open card
 * @fd: -1 if there is none
 * @card: which
 * @shared: others use it, too, so it may have more or less than is known here
 * @bos: buffers
 * @vms: address spaces
 * @ctxs: contexts
 * @syncs: handles of syncobjs
 */
struct fuzz_file {
	int fd;
	unsigned int card;
	bool shared;
	struct fuzz_bo bos[FUZZ_BOS];
	struct fuzz_vm vms[FUZZ_VMS];
	struct fuzz_ctx ctxs[FUZZ_CTXS];
	u32 syncs[FUZZ_SYNCS];
};

/**
 * struct fuzz_map - a buffer that the CPU sees
 * @at: NULL if there is none
 * @size: bytes
 */
struct fuzz_map {
	u8 *at;
	u64 size;
};

/**
 * struct fuzz - a stream
 * @rng: state of the generator, set anew by each step
 * @seed: where the steps' numbers come from
 * @process: number of its process
 * @thread: number of its thread
 * @step: which step it is at
 * @racy: other threads close its files
 * @forked: it is a child of a stream
 * @alarms: a signal interrupts each of its steps
 * @uniques: last &fuzz_vm.unique
 * @gate: step at which to open @gate_at, 0 for none
 * @gate_at: what a gated job waits for
 * @child: process that it forked, or 0
 * @slot: what others see of it
 * @file: the open cards
 * @maps: CPU mappings
 * @fds: syncobjs, sync files and what came by message, -1 for none
 * @scratch: FUZZ_SCRATCH bytes, behind which nothing is mapped
 * @bus: a socket that all processes share
 * @guard: where a touch that faults goes on
 */
struct fuzz {
	u64 rng;
	u64 seed;
	u32 process;
	u32 thread;
	u32 step;
	bool racy;
	bool forked;
	bool alarms;
	u32 uniques;
	u32 gate;
	u32 *gate_at;
	pid_t child;
	struct fuzz_slot *slot;
	struct fuzz_file files[FUZZ_FILES];
	struct fuzz_map maps[FUZZ_MAPS];
	int fds[FUZZ_FDS];
	u8 *scratch;
	int bus[2];
	sigjmp_buf guard;
};

/* --- fuzz_call.c: numbers, calls, verdicts ------------------------------ */

/**
 * fuzz_u64() - A random number
 * @f: the stream
 *
 * Return: any.
 */
u64 fuzz_u64(struct fuzz *f);

/**
 * fuzz_below() - A random number
 * @f: the stream
 * @end: not 0
 *
 * Return: from 0 up to but not @end.
 */
u64 fuzz_below(struct fuzz *f, u64 end);

/**
 * fuzz_chance() - True now and then
 * @f: the stream
 * @times: one in so many
 *
 * Return: whether this is the one.
 */
bool fuzz_chance(struct fuzz *f, u32 times);

/**
 * fuzz_odd() - A number that is at the edge of something, or any
 * @f: the stream
 *
 * Return: the number.
 */
u64 fuzz_odd(struct fuzz *f);

/**
 * fuzz_mutate() - Now and then change a dword of a call's argument
 * @f: the stream
 * @arg: the argument
 * @size: its bytes
 *
 * Return: whether it did.
 */
bool fuzz_mutate(struct fuzz *f, void *arg, size_t size);

/**
 * fuzz_user() - Room for a list or an answer, where a program may have it
 * @f: the stream
 * @data: what to put there, or NULL for nothing in particular
 * @size: bytes, up to FUZZ_SCRATCH
 * @bad: set to whether the kernel may find something else there, or nothing
 *
 * Return: its address.
 */
u64 fuzz_user(struct fuzz *f, const void *data, size_t size, bool *bad);

/**
 * fuzz_begin() - A call begins
 * @f: the stream
 * @id: which
 */
void fuzz_begin(struct fuzz *f, enum fuzz_call_id id);

/**
 * fuzz_end() - A call has ended: is the answer one that it may give?
 * @f: the stream
 * @file: the card it was for, or NULL
 * @ret: 0 or a negative errno
 * @expect: what is known
 *
 * Return: @ret; the run has failed if the answer is wrong.
 */
int fuzz_end(struct fuzz *f, const struct fuzz_file *file, int ret, enum fuzz_expect expect);

/**
 * fuzz_ioctl() - Make a call, until it is not interrupted, and check its answer
 * @f: the stream
 * @file: the card
 * @id: which call
 * @arg: its argument, which must stay as it is if the driver fails it
 * @expect: what is known
 *
 * Return: 0 or a negative errno.
 */
int fuzz_ioctl(struct fuzz *f, const struct fuzz_file *file, enum fuzz_call_id id, void *arg,
	       enum fuzz_expect expect);

/**
 * fuzz_raw_ioctl() - Any ioctl at all, whose errors are nobody's promise
 * @f: the stream
 * @file: the card
 * @request: number, direction and size
 * @arg: the argument, may be anything
 *
 * Return: 0 or a negative errno.
 */
int fuzz_raw_ioctl(struct fuzz *f, const struct fuzz_file *file, unsigned long request, void *arg);

/**
 * fuzz_call_name() - Name of a call
 * @id: which
 *
 * Return: the name.
 */
const char *fuzz_call_name(enum fuzz_call_id id);

/**
 * fuzz_fail() - The run has failed; does not return
 * @f: the stream, or NULL
 * @format: why, for printf()
 */
void fuzz_fail(struct fuzz *f, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/**
 * fuzz_guarded_copy() - memcpy() that survives a fault
 * @f: the stream
 * @to: where to
 * @from: where from
 * @size: bytes
 *
 * Return: 0 or the signal that it got.
 */
int fuzz_guarded_copy(struct fuzz *f, void *to, const void *from, size_t size);

/**
 * fuzz_catch_faults() - Have fuzz_guarded_copy() survive them, in all threads
 */
void fuzz_catch_faults(void);

/* --- fuzz_process.c ----------------------------------------------------- */

/**
 * fuzz_start() - Prepare the stream of a process
 * @f: filled in
 * @process: its number
 * @slots: where it shows where it is
 * @bus: the socket pair of the run
 */
void fuzz_start(struct fuzz *f, u32 process, struct fuzz_slot *slots, const int bus[2]);

/**
 * fuzz_run() - Run the streams of a process to their ends
 * @f: from fuzz_start()
 */
void fuzz_run(struct fuzz *f);

/* --- Steps -------------------------------------------------------------- */

/**
 * struct fuzz_step - something to do
 * @name: for those who follow
 * @run: does it
 * @weight: how often, compared with the others
 */
struct fuzz_step {
	const char *name;
	void (*run)(struct fuzz *f, struct fuzz_file *file);
	unsigned int weight;
};

/**
 * struct fuzz_steps - those of one file
 * @steps: the steps
 * @count: how many
 */
struct fuzz_steps {
	const struct fuzz_step *steps;
	size_t count;
};

extern const struct fuzz_steps fuzz_driver_steps, fuzz_core_steps, fuzz_memory_steps,
	fuzz_look_steps, fuzz_fd_steps;

/**
 * fuzz_file_open() - Open a card into a place of the model, with what it takes to run jobs
 * @f: the stream
 * @file: the place; empty
 */
void fuzz_file_open(struct fuzz *f, struct fuzz_file *file);

/**
 * fuzz_file_forget() - Empty a place of the model
 * @f: the stream
 * @file: the place
 */
void fuzz_file_forget(struct fuzz *f, struct fuzz_file *file);

/**
 * fuzz_file_setup() - Make an address space, a context and some buffers
 * @f: the stream
 * @file: the open card
 */
void fuzz_file_setup(struct fuzz *f, struct fuzz_file *file);

/**
 * fuzz_keep_fd() - Have a place for a file descriptor, closing what was there
 * @f: the stream
 * @fd: the descriptor
 */
void fuzz_keep_fd(struct fuzz *f, int fd);

/**
 * fuzz_pick_bo() - A buffer of a file, sometimes one that is none
 * @f: the stream
 * @file: the file
 *
 * Return: a place of the model, whose handle may be 0.
 */
struct fuzz_bo *fuzz_pick_bo(struct fuzz *f, struct fuzz_file *file);

/**
 * fuzz_pick_sync() - A syncobj of a file, sometimes one that is none
 * @f: the stream
 * @file: the file
 *
 * Return: a place of the model, which may hold 0.
 */
u32 *fuzz_pick_sync(struct fuzz *f, struct fuzz_file *file);

/**
 * fuzz_map_bo() - mmap() a buffer, check that it is zero if it must be
 * @f: the stream
 * @file: its file
 * @bo: the buffer
 * @fresh: nobody can have written to it
 */
void fuzz_map_bo(struct fuzz *f, struct fuzz_file *file, struct fuzz_bo *bo, bool fresh);

/* --- fuzz_ib.c ---------------------------------------------------------- */

/**
 * fuzz_address() - A GPU virtual address, mostly one that is mapped
 * @f: the stream
 * @vm: the address space, or NULL
 * @room: bytes from there to the end of the mapping, 4096 if nobody knows
 *
 * Return: the address, 8-byte aligned most of the time.
 */
u64 fuzz_address(struct fuzz *f, const struct fuzz_vm *vm, u64 *room);

/**
 * fuzz_ib_fill() - Make a command buffer
 * @f: the stream
 * @vm: the address space that it will run in, or NULL
 * @dw: room for it
 * @room: dwords
 * @hangs: whether it never ends
 *
 * Return: dwords, 1 or more.
 */
u32 fuzz_ib_fill(struct fuzz *f, const struct fuzz_vm *vm, u32 *dw, u32 room, bool *hangs);

/* --- fuzz_victim.c ------------------------------------------------------ */

/**
 * fuzz_victim() - Look after buffers and jobs of one's own until told to stop
 * @card: on which card
 */
void fuzz_victim(unsigned int card);

/* --- fuzz_pressure.c ---------------------------------------------------- */

/**
 * fuzz_pressure() - Fill memory and let it go, again and again, until told to stop
 */
void fuzz_pressure(void);

#endif
