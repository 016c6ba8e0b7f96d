/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Every failure of a call in turn.  The kernel lets the n-th thing fail that may
 * fail, /proc/self/fail-nth: an allocation, a copy from or to user space, a
 * point of the driver's own (fail_* in debugfs).  A call is made with n = 1, 2,
 * 3 ... until n is more than there are.  Each time that it fails it must say why,
 * have changed nothing, and work when it is made again; each time that it works
 * in spite of the failure the result must be right.
 */
#ifndef TEST_NTH_H
#define TEST_NTH_H

#include "test.h"

/* Flags of a call */
#define NTH_COLD	BIT(0) /* the pool is empty: pages come from the system */
#define NTH_MOVES	BIT(1) /* other buffers may be elsewhere when it fails, even swapped out */
#define NTH_REBINDS	BIT(2) /* the driver comes and goes: nothing can be asked of it */

#define NTH_MAX_ERRORS	4

struct nth_call;

/**
 * struct nth_state - what the functions of a call share
 * @c: a client that is there for the whole sweep
 * @call: the call
 * @bo: the buffer that the call makes, or is about
 * @other: another one, if it takes two
 * @word: a page that the CPU and the card reach, for what jobs write
 * @ib: a command buffer
 * @id: an id, handle or number
 * @fd: an open file, or -1
 * @map: a mapping
 * @offset: what to pass to mmap()
 * @in_spite: the call has worked although something failed
 */
struct nth_state {
	struct pdd_client c;
	const struct nth_call *call;
	struct pdd_bo bo;
	struct pdd_bo other;
	struct pdd_bo word;
	struct pdd_ib ib;
	u32 id;
	int fd;
	void *map;
	u64 offset;
	bool in_spite;
};

/**
 * struct nth_call - a call that is swept
 * @name: as in the test's name, after the group
 * @begin: before the sweep; may be NULL
 * @prepare: before each call, nothing fails; may be NULL
 * @run: the call, and nothing but the call: 0 or a negative errno
 * @failed: checks what must be as before beyond what is counted; may be NULL
 * @check: the call has worked: checks the result; may be NULL
 * @clean: undoes @prepare and @run; may be NULL
 * @errors: what it may fail with if memory is short, besides -ENOMEM; positive
 * @domains: of the buffer, for calls that differ in that
 * @bo_flags: of the buffer
 * @flags: NTH_*
 * @stride: without --long only one n in so many is tried, at random; 0: every n
 * @arg: for the functions
 */
struct nth_call {
	const char *name;
	void (*begin)(struct nth_state *s);
	void (*prepare)(struct nth_state *s);
	int (*run)(struct nth_state *s);
	void (*failed)(struct nth_state *s);
	void (*check)(struct nth_state *s);
	void (*clean)(struct nth_state *s);
	int errors[NTH_MAX_ERRORS];
	u32 domains;
	u32 bo_flags;
	u32 flags;
	u32 stride;
	const void *arg;
};

/**
 * nth_sweep() - A test: make a call with every n
 * @arg: the struct nth_call
 *
 * Prints how many points of failure there were.  Needs a kernel with
 * CONFIG_FAULT_INJECTION and fails without it.
 */
void nth_sweep(const void *arg);

/* An element of a list of tests: name, and what else is in the struct nth_call. */
#define NTH_TEST(what, ...) {						\
	.name = "failnth." what, .run = nth_sweep, .timeout = 300,	\
	.arg = &(const struct nth_call){ .name = (what), ##__VA_ARGS__ } }

/**
 * nth_odd_pages() - Compare page attributes with what the pool says
 * @s: the state
 *
 * Takes seconds: the kernel dumps all its page tables.
 *
 * Return: pages in the kernel's direct map that are not write-back cached, less
 * those that the pool knows of.
 */
s64 nth_odd_pages(struct nth_state *s);

/**
 * nth_empty_pool() - Have the pool give all free pages back
 */
void nth_empty_pool(void);

/**
 * nth_ioctl() - ioctl() that is not repeated behind one's back
 * @s: the state, for the client's file
 * @request: DRM_IOCTL_*
 * @arg: its structure
 *
 * Return: 0 or a negative errno.
 */
int nth_ioctl(struct nth_state *s, unsigned long request, void *arg);

/**
 * nth_create() - GEM_CREATE
 * @s: the state; its buffer becomes the new one, not mapped, or none
 * @size: bytes
 * @vm: the address space that it is private to, or 0
 *
 * Return: 0 or a negative errno.
 */
int nth_create(struct nth_state *s, u64 size, u32 vm);

/**
 * nth_submit() - CS of the command buffer, which reads the buffer and writes the word
 * @s: the state
 * @syncs: what to wait for and to signal
 * @num_syncs: how many
 *
 * Return: 0 or a negative errno.
 */
int nth_submit(struct nth_state *s, const struct drm_pddgpu_sync *syncs, u32 num_syncs);

/**
 * nth_touch() - Write a byte
 * @byte: where
 *
 * Return: 0, or -ENOMEM after a SIGBUS, which is how a mapping says that.
 */
int nth_touch(volatile void *byte);

#endif
