// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Does on purpose what the kernels of tests/debug.config and tests/kcsan.config
 * are there to catch, to show that a run with it fails.  Once loaded with
 * what=NAME it has done it, and can be unloaded.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/refcount.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "which mistake to make");

/* KASAN: reads what was freed. */
static void use_after_free(void)
{
	char *p = kmalloc(16, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	READ_ONCE(*p);
}

/* UBSAN: shifts by more bits than there are. */
static void shift(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("%d\n", 1 << bits);
}

/* kmemleak: forgets memory; often, as any word that looks like a pointer hides some. */
static void leak(void)
{
	unsigned int i;
	void *p;

	for (i = 0; i < 100; i++) {
		p = kmalloc(100, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
}

/* PROVE_LOCKING: takes two locks in either order. */
static void lock_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

/* DEBUG_ATOMIC_SLEEP: may sleep under a spinlock. */
static void atomic_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/* DMA_API_DEBUG: unmaps what it has not mapped. */
static void dma(void)
{
	struct platform_device *pdev;

	pdev = platform_device_register_simple("pddgpu_provoke", -1, NULL, 0);
	if (IS_ERR(pdev))
		return;
	dma_unmap_single(&pdev->dev, 0x1000, 16, DMA_TO_DEVICE);
	platform_device_unregister(pdev);
}

/* The full checks of refcount_t: goes below nothing. */
static void refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_dec(&count);
}

static void nothing(struct timer_list *timer)
{
}

/* DEBUG_OBJECTS: frees a timer that is pending, and stops it so that it never runs. */
static void object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

/* DEBUG_LIST: adds an entry that is there already. */
static void list(void)
{
	struct list_head entry;
	LIST_HEAD(head);

	list_add(&entry, &head);
	list_add(&entry, &head);
}

/* DETECT_HUNG_TASK: waits in vain; the detector's limit is to be set to some seconds. */
static void hung_task(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(12 * HZ);
}

/* The comparison of page attributes: loses a page that is not write-back. */
static void page_attributes(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	if (page)
		set_memory_wc(page, 1);
}

static int count_up(void *counter)
{
	unsigned int i;

	for (i = 0; i < 2000000 && !kthread_should_stop(); i++) {
		(*(int *)counter)++;
		barrier();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* KCSAN: two threads count with the same variable. */
static void race(void)
{
	static int counter;
	struct task_struct *other = kthread_run(count_up, &counter, "pddgpu_provoke");
	unsigned int i;

	if (IS_ERR(other))
		return;
	for (i = 0; i < 2000000; i++) {
		counter++;
		barrier();
	}
	kthread_stop(other);
}

static const struct {
	const char *name;
	void (*run)(void);
} mistakes[] = {
	{ "use-after-free", use_after_free },
	{ "shift", shift },
	{ "leak", leak },
	{ "lock-order", lock_order },
	{ "atomic-sleep", atomic_sleep },
	{ "dma", dma },
	{ "refcount", refcount },
	{ "object", object },
	{ "list", list },
	{ "hung-task", hung_task },
	{ "page-attributes", page_attributes },
	{ "race", race },
};

static int __init provoke_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (!strcmp(mistakes[i].name, what)) {
			mistakes[i].run();
			return 0;
		}
	return -EINVAL;
}

static void __exit provoke_exit(void)
{
}

module_init(provoke_init);
module_exit(provoke_exit);

MODULE_DESCRIPTION("Makes mistakes that a debug kernel catches");
MODULE_LICENSE("Dual MIT/GPL");
