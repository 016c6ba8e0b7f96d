/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a test is, how it fails, and helpers that many tests need.
 *
 * Each test runs in a process of its own, which it ends by returning (it
 * passed) or through test_fail().  Processes that a test forks may fail it too.
 * When it is over the cards must hold exactly the memory that they held before.
 */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pddgpu_ib.h"

/**
 * struct test - one test
 * @name: group.what_it_shows
 * @run: returns if it passed
 * @arg: for @run
 * @timeout: seconds until it counts as hung, 0 for the usual
 * @changes_cards: memory in use before and after cannot be compared
 */
struct test {
	const char *name;
	void (*run)(const void *arg);
	const void *arg;
	unsigned int timeout;
	bool changes_cards;
};

/**
 * struct test_group - the tests of one file
 * @tests: the tests
 * @count: how many
 */
struct test_group {
	const struct test *tests;
	size_t count;
};

#define TEST_GROUP(name, list) \
	const struct test_group name = { (list), ARRAY_SIZE(list) }

extern const struct test_group info_tests, gem_tests, mmap_tests, vm_tests, ctx_tests, cs_tests,
	packet_tests, badinput_tests, badpacket_tests, evict_tests, pool_tests, isolation_tests, reach_tests,
	stale_tests, node_tests, hang_tests, hostile_tests, irq_tests, coredump_tests, reset_tests,
	wedged_tests, debugfs_tests, look_tests, clean_tests, twocards_tests, module_tests, death_tests,
	failnth_tests, failnth_paths_tests, vram_tests, madvise_tests,
	onchip_tests, memmap_tests;

/**
 * struct test_options - what the command line says
 * @module: the driver's module, for the tests that load it
 * @seed: where random numbers start
 * @slow: how many times as long as on a kernel without checks anything takes
 * @patience: how many times as long as that it may take, since others may have the host
 * @deaths: cards that death.often kills
 * @long_runs: all of what the usual run takes a sample of
 * @exact: tests are asked for by their whole names
 */
struct test_options {
	const char *module;
	u64 seed;
	unsigned int slow;
	unsigned int patience;
	unsigned int deaths;
	bool long_runs;
	bool exact;
};

extern struct test_options test_options;

/* Pages that TTM may have before it swaps out */
#define PAGES_LIMIT	"/sys/module/ttm/parameters/pages_limit"

/**
 * test_fail() - End the test: it failed
 * @file: where
 * @line: where
 * @format: why, for printf()
 */
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define FAIL(...)	test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) do {						\
	if (!(condition))						\
		FAIL("%s is false", #condition);			\
} while (0)

/* Two numbers must be the same. */
#define CHECK_EQ(a, b) do {						\
	u64 check_a = (a), check_b = (b);				\
									\
	if (check_a != check_b)						\
		FAIL("%s is %#llx, not %s = %#llx", #a, check_a, #b, check_b); \
} while (0)

/* A call that gives 0 or a negative errno must give @want. */
#define CHECK_RET(call, want) do {					\
	int check_ret = (call), check_want = (want);			\
									\
	if (check_ret != check_want)					\
		FAIL("%s gives %s, not %s", #call,			\
		     test_errno(check_ret), test_errno(check_want));	\
} while (0)

#define CHECK_OK(call)	CHECK_RET(call, 0)

/**
 * test_count() - How many to take of what is taken in great number
 * @n: how many it were on a fast kernel
 *
 * Return: @n, or less where everything is slow, but at least 1.
 */
u32 test_count(u32 n);

/**
 * test_read_factors() - Set &test_options.slow and .patience
 *
 * From $PDDGPU_SLOW and $PDDGPU_PATIENCE; 1 where there is none, 0 for what is no number.
 */
void test_read_factors(void);

/**
 * test_late_ns() - When something that must happen soon is late
 * @ns: nanoseconds that it may take on a fast kernel
 *
 * Return: nanoseconds, more by &test_options.slow and &test_options.patience.
 */
u64 test_late_ns(u64 ns);

/**
 * test_errno() - Name an error
 * @ret: 0 or a negative errno
 *
 * Return: such as "-EINVAL", or "0".
 */
const char *test_errno(int ret);

/**
 * test_client() - Open the first card, or fail
 * @c: filled in
 */
void test_client(struct pdd_client *c);

/**
 * test_bo() - Create, bind and map a buffer, or fail
 * @c: the client
 * @size: bytes
 * @domains: DRM_PDDGPU_DOMAIN_*
 *
 * Return: the buffer.
 */
struct pdd_bo test_bo(struct pdd_client *c, u64 size, u32 domains);

/**
 * test_ib() - Make a command buffer, or fail
 * @c: the client
 * @dwords: its room
 *
 * Return: the command buffer, empty.
 */
struct pdd_ib test_ib(struct pdd_client *c, u32 dwords);

/**
 * test_fork() - Fork, so that the child cannot outlive the test
 *
 * Return: 0 in the child, else its process id.
 */
pid_t test_fork(void);

/**
 * test_wait() - Wait for a child
 * @pid: from test_fork()
 *
 * Return: its exit status, or 128 and the signal that killed it.
 */
int test_wait(pid_t pid);

/**
 * test_join() - Wait for a child, and fail unless it ended with status 0
 * @pid: from test_fork()
 */
void test_join(pid_t pid);

/**
 * test_touch() - See how a process ends that reads a word
 * @map: the word
 *
 * Return: as test_wait(), 0 if nothing is wrong.
 */
int test_touch(const void *map);

/**
 * test_memory() - INFO_MEMORY, or fail
 * @dev: the card
 *
 * Return: the answer.
 */
struct drm_pddgpu_info_memory test_memory(struct pdd_dev *dev);

/**
 * test_settle() - Wait until memory in use is what it was; fail after some seconds
 * @dev: the card
 * @before: from test_memory()
 */
void test_settle(struct pdd_dev *dev, const struct drm_pddgpu_info_memory *before);

/**
 * test_pattern() - Fill memory with numbers that only this seed gives
 * @map: the memory, 8-byte aligned
 * @size: bytes, a multiple of 8
 * @seed: any
 */
void test_pattern(void *map, u64 size, u64 seed);

/**
 * test_check_pattern() - Fail unless test_pattern() was the last to write
 * @map: the memory
 * @size: bytes
 * @seed: that of test_pattern()
 */
void test_check_pattern(const void *map, u64 size, u64 seed);

/**
 * test_check_words() - Fail unless memory holds one dword again and again
 * @map: the memory
 * @size: bytes, a multiple of 4
 * @value: the dword
 */
void test_check_words(const void *map, u64 size, u32 value);

/**
 * test_number() - Find a number in a debugfs dump, or fail
 * @text: the dump
 * @name: what stands before it at the beginning of a line, blanks aside, and ": "
 *
 * Return: the number.
 */
u64 test_number(const char *text, const char *name);

/**
 * test_counter() - A number of the kernel's that stands behind its name, or fail
 * @file: such as /proc/vmstat
 * @name: what stands before it at the beginning of a line, without a colon
 *
 * Return: the number.
 */
u64 test_counter(const char *file, const char *name);

/**
 * test_kib() - As test_counter(), for sizes with a colon behind the name
 * @file: such as /proc/meminfo, which has KiB
 * @name: what stands before it at the beginning of a line
 *
 * Return: bytes.
 */
u64 test_kib(const char *file, const char *name);

/**
 * test_oom_kills() - How often the kernel has killed somebody for want of memory
 *
 * Return: the number.
 */
u64 test_oom_kills(void);

#define TEST_ANY_NODE	-1

/**
 * test_use_memory() - Have memory of this process, and write to all of it
 * @bytes: how much; until the process ends
 * @node: NUMA node, or TEST_ANY_NODE
 */
void test_use_memory(u64 bytes, int node);

/**
 * test_is_wedged() - Ask whether the driver has given up on a card's engines
 * @dev: the card, bound to the driver
 *
 * Return: whether it has; fails the test if it does not say.
 */
bool test_is_wedged(const struct pdd_dev *dev);

/**
 * test_gpu_crc() - CRC of a bound buffer, computed by the card
 * @c: the client
 * @bo: the buffer
 *
 * Return: the CRC, or failure of the test.
 */
u32 test_gpu_crc(struct pdd_client *c, const struct pdd_bo *bo);

#define TEST_NEVER_MS	3600000

/**
 * test_job_limits() - Say when jobs count as hung, until the test is over
 * @timeout_ms: after so long without progress, or 0 to leave it
 * @max_ms: after so long in any case, or 0 to leave it
 */
void test_job_limits(unsigned int timeout_ms, unsigned int max_ms);

/**
 * test_gate() - A job that holds an engine until test_gate_open()
 *
 * What is bound after it waits for it, so bind everything else before.  No job counts
 * as hung from here on: on a slow machine the holder would, before it is let go.
 *
 * @c: the client
 * @ctx: id of the context
 * @engine: DRM_PDDGPU_ENGINE_*
 * @use: what the job names, or NULL
 *
 * Return: the dword that it waits for, mapped.
 */
struct pdd_bo test_gate(struct pdd_client *c, u32 ctx, u32 engine, const struct pdd_use *use);

/**
 * test_gate_open() - Let the job of test_gate() end
 * @gate: from test_gate()
 */
void test_gate_open(struct pdd_bo *gate);

/**
 * test_wait_for_cleaners() - Wait until pool and VRAM are clean, if that is soon
 * @dev: the card
 */
void test_wait_for_cleaners(const struct pdd_dev *dev);

/**
 * test_registers() - Map the card's registers, or fail
 * @dev: the card
 *
 * Waits for the pool's cleaner: its jobs could meet a fault that is meant for others.
 *
 * Return: as pdd_registers(), never NULL.
 */
volatile u32 *test_registers(struct pdd_dev *dev);

/**
 * test_hang() - Start a job that stops its engine dead inside a packet
 * @c: the client
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: filled in, and run; the test keeps it
 *
 * Unlike a WAIT that never ends this is how real engines hang.
 *
 * Return: a syncobj with the job's fence.
 */
u32 test_hang(struct pdd_client *c, u32 engine, struct pdd_ib *ib);

/**
 * test_check_alive() - Fail unless both engines still do what a client asks
 * @nth: which card
 */
void test_check_alive(unsigned int nth);

/**
 * test_job_fault() - Run a job that must end with an error of its own
 * @c: the client; the command buffer runs in its context
 * @engine: DRM_PDDGPU_ENGINE_*
 * @ib: the command buffer
 * @error: PDDGPU_ERR_* that CTX_QUERY must name
 *
 * Fails unless the fence carries an error, CTX_QUERY counts one fault more, and
 * the context goes on working.
 */
void test_job_fault(struct pdd_client *c, u32 engine, struct pdd_ib *ib, u32 error);

/**
 * test_module_unload() - Unload the driver
 *
 * Return: 0, or -EWOULDBLOCK if it is in use.
 */
int test_module_unload(void);

/**
 * test_module_load() - Load the driver, see struct test_options
 * @params: its parameters, as for insmod; "" for none
 *
 * Return: 0 or a negative errno.
 */
int test_module_load(const char *params);

/**
 * test_wait_for_card() - Wait for the device nodes, which come a moment after the driver
 *
 * Fails after some seconds.
 */
void test_wait_for_card(void);

/**
 * test_suspend() - Suspend all devices and resume them at once
 *
 * That is what a machine does that goes to sleep and changes its mind at the last
 * moment: no power is switched off, and it takes no time.
 *
 * Return: 0, or the error of the device that did not want to.
 */
int test_suspend(void);

#endif
