// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "bench_profile.h"

#define PROFILE_BITS	15

/* How often an instruction was run */
struct profile_entry {
	unsigned long ip;
	u64 count[BENCH_PROFILE_PARTS];
};

static struct profile_entry *profile_entries;
static u64 profile_lost;		/* there was no entry left */
static struct task_struct *profile_task;	/* that is stepped through, or NULL */
static enum bench_profile_part profile_part;
static struct dentry *profile_file;

/* The one of an instruction, or a free one; NULL if there is neither */
static struct profile_entry *profile_find(unsigned long ip)
{
	unsigned long first = hash_long(ip, PROFILE_BITS), i;
	struct profile_entry *entry;

	for (i = 0; i < BIT(PROFILE_BITS); i++) {
		entry = &profile_entries[(first + i) % BIT(PROFILE_BITS)];
		if (entry->ip == ip || !entry->ip)
			return entry;
	}

	return NULL;
}

static void profile_count(unsigned long ip)
{
	struct profile_entry *entry = profile_find(ip);

	if (!entry) {
		profile_lost++;
		return;
	}
	entry->ip = ip;
	entry->count[profile_part]++;
}

/* After each instruction, with the address of the next: as good, for there are as many */
static int profile_trap(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	unsigned long *dr6 = (unsigned long *)args->err;

	if (event != DIE_DEBUG || !(*dr6 & DR_STEP) || user_mode(args->regs) || !profile_task)
		return NOTIFY_DONE;

	/* The flag goes along with the processor when that changes tasks */
	if (current == profile_task)
		profile_count(args->regs->ip);
	else
		args->regs->flags &= ~X86_EFLAGS_TF;

	return NOTIFY_STOP;
}

static struct notifier_block profile_notifier = { .notifier_call = profile_trap };

void bench_profile_start(enum bench_profile_part part)
{
	if (!profile_entries)
		return;
	profile_part = part;
	profile_task = current;
	asm volatile("pushfq; orq %0, (%%rsp); popfq" : : "i" (X86_EFLAGS_TF) : "memory", "cc");
}

void bench_profile_stop(void)
{
	if (!profile_entries)
		return;
	asm volatile("pushfq; andq %0, (%%rsp); popfq"
		     : : "i" (~(s32)X86_EFLAGS_TF) : "memory", "cc");
	profile_task = NULL;
}

void bench_profile_reset(void)
{
	if (profile_entries)
		memset(profile_entries, 0, sizeof(*profile_entries) << PROFILE_BITS);
	profile_lost = 0;
}

static void profile_show_entry(struct seq_file *seq, const struct profile_entry *entry)
{
	unsigned int i;

	for (i = 0; i < BENCH_PROFILE_PARTS; i++)
		seq_printf(seq, "%llu ", entry->count[i]);
	seq_printf(seq, "%pS\n", (void *)entry->ip);
}

static int profile_show(struct seq_file *seq, void *data)
{
	unsigned long i;

	if (profile_lost)
		return -ENOSPC;
	for (i = 0; i < BIT(PROFILE_BITS); i++)
		if (profile_entries[i].ip)
			profile_show_entry(seq, &profile_entries[i]);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(profile);

int bench_profile_init(void)
{
	profile_entries = kvcalloc(BIT(PROFILE_BITS), sizeof(*profile_entries), GFP_KERNEL);
	if (!profile_entries)
		return -ENOMEM;

	register_die_notifier(&profile_notifier);
	profile_file = debugfs_create_file("pddgpu_bench_profile", 0400, NULL, NULL, &profile_fops);
	return 0;
}

void bench_profile_fini(void)
{
	if (!profile_entries)
		return;
	debugfs_remove(profile_file);
	unregister_die_notifier(&profile_notifier);
	kvfree(profile_entries);
	profile_entries = NULL;
}
