/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A crowd of clients, each a process, that keep the card busy for as long as they
 * are told to: jobs on both engines, moves and evictions, page faults of the CPU,
 * VM_BIND, files opened and closed.  Whatever becomes of the card, what a job is
 * said to have done has been done, and a member whose data are wrong fails the test.
 */
#ifndef TEST_CROWD_H
#define TEST_CROWD_H

#include "test.h"

#define CROWD_MAX	8

/**
 * struct crowd_member - what a member tells of itself, in shared memory
 * @pid: its process
 * @jobs: jobs that ended well
 * @failed: jobs whose fences carried an error
 * @banned: contexts that were lost
 * @lost: buffers whose contents were lost (SIGBUS)
 * @worst_ns: longest time from submission to fence
 * @last_ok_ns: when the last job ended well, now_ns()
 * @gone_ns: when it first heard that the card is gone, or 0
 */
struct crowd_member {
	pid_t pid;
	volatile u64 jobs;
	volatile u64 failed;
	volatile u64 banned;
	volatile u64 lost;
	volatile u64 worst_ns;
	volatile u64 last_ok_ns;
	volatile u64 gone_ns;
};

/**
 * struct crowd - the members, in shared memory
 * @count: how many there are
 * @stop: they are to end, well
 * @seed: where their random numbers start
 * @stall_ns: the longest time for which one who does nothing but look at the clock
 *            did not get to it: the machine was too busy, or the VMM stood still
 * @members: they themselves
 */
struct crowd {
	unsigned int count;
	volatile int stop;
	u64 seed;
	volatile u64 stall_ns;
	struct crowd_member members[CROWD_MAX];
};

/**
 * crowd_start() - Send a crowd to the first card
 * @count: members, up to CROWD_MAX; the first is the one that fills VRAM
 * @seed: where random numbers start
 *
 * Returns when each has had some jobs done.
 *
 * Return: the crowd, never freed.
 */
struct crowd *crowd_start(unsigned int count, u64 seed);

/**
 * crowd_go_on() - Wait until each member has had more jobs done; fail if that takes long
 * @crowd: the crowd
 * @jobs: how many more
 */
void crowd_go_on(struct crowd *crowd, u64 jobs);

/**
 * crowd_stop() - Let the members end; fail unless each does, and well
 * @crowd: the crowd
 */
void crowd_stop(struct crowd *crowd);

/**
 * crowd_join() - Wait for members that end by themselves, for their card is gone
 * @crowd: the crowd
 *
 * Fails unless each has found that all ioctls give -ENODEV, that its mappings can
 * be touched, and that its file can be closed.
 */
void crowd_join(struct crowd *crowd);

/**
 * crowd_sum() - The sum of one counter over all members
 * @crowd: the crowd
 * @field: a u64 of struct crowd_member
 */
#define crowd_sum(crowd, field) ({					\
	u64 sum_ = 0;							\
									\
	for (unsigned int i_ = 0; i_ < (crowd)->count; i_++)		\
		sum_ += (crowd)->members[i_].field;			\
	sum_;								\
})

/**
 * crowd_max() - The largest value of one counter of all members
 * @crowd: the crowd
 * @field: a u64 of struct crowd_member
 */
#define crowd_max(crowd, field) ({					\
	u64 max_ = 0;							\
									\
	for (unsigned int i_ = 0; i_ < (crowd)->count; i_++)		\
		if ((crowd)->members[i_].field > max_)			\
			max_ = (crowd)->members[i_].field;		\
	max_;								\
})

#endif
