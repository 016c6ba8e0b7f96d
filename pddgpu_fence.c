// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "pddgpu_fence.h"
#include "pddgpu_job.h"
#include "pddgpu_ring.h"

static const struct dma_fence_ops pddgpu_fence_ops;

struct pddgpu_timeline *pddgpu_timeline_create(const char *name)
{
	struct pddgpu_timeline *timeline = kzalloc_obj(*timeline);

	if (!timeline)
		return NULL;

	kref_init(&timeline->ref);
	timeline->name = name;
	timeline->context = dma_fence_context_alloc(1);
	spin_lock_init(&timeline->lock);
	INIT_LIST_HEAD(&timeline->pending);
	return timeline;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_timeline_create);

static void pddgpu_timeline_release(struct kref *ref)
{
	struct pddgpu_timeline *timeline = container_of(ref, struct pddgpu_timeline, ref);

	kfree_rcu(timeline, rcu);
}

void pddgpu_timeline_put(struct pddgpu_timeline *timeline)
{
	kref_put(&timeline->ref, pddgpu_timeline_release);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_timeline_put);

/* Drops the list's reference; the job may be freed as soon as this signals. */
static void pddgpu_fence_finish_locked(struct pddgpu_fence *fence, int error)
{
	lockdep_assert_held(&fence->timeline->lock);

	list_del_init(&fence->link);
	fence->job = NULL;
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal_locked(&fence->base);
	dma_fence_put(&fence->base);
}

/* What the card stored before the status, others may read after this. */
static u32 pddgpu_fence_status(const struct pddgpu_fence *fence, const u32 *status)
{
	u32 value = READ_ONCE(status[fence->base.seqno % PDDGPU_RING_SLOTS]);

	dma_rmb();
	return value;
}

static int pddgpu_timeline_advance_locked(struct pddgpu_timeline *timeline, const u32 *status)
{
	struct pddgpu_fence *fence, *next;
	int count = 0;

	list_for_each_entry_safe(fence, next, &timeline->pending, link) {
		u32 error = pddgpu_fence_status(fence, status);

		if (error == PDDGPU_STATUS_PENDING)
			break;
		if (error && fence->job && pddgpu_job_must_succeed(fence->job))
			return count ? count : -EREMOTEIO;
		timeline->completed = fence->base.seqno;
		pddgpu_fence_finish_locked(fence, pddgpu_job_error(fence->job, error));
		count++;
	}
	return count;
}

int pddgpu_timeline_advance(struct pddgpu_timeline *timeline, const u32 *status)
{
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;
	int count;

	spin_lock_irqsave(&timeline->lock, flags);
	count = pddgpu_timeline_advance_locked(timeline, status);
	spin_unlock_irqrestore(&timeline->lock, flags);
	dma_fence_end_signalling(cookie);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_timeline_advance);

void pddgpu_timeline_fail(struct pddgpu_timeline *timeline, int error)
{
	bool cookie = dma_fence_begin_signalling();
	struct pddgpu_fence *fence, *next;
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	if (!timeline->error)
		timeline->error = error;
	list_for_each_entry_safe(fence, next, &timeline->pending, link)
		pddgpu_fence_finish_locked(fence, timeline->error);
	spin_unlock_irqrestore(&timeline->lock, flags);
	dma_fence_end_signalling(cookie);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_timeline_fail);

bool pddgpu_timeline_get_head(struct pddgpu_timeline *timeline,
			      struct pddgpu_timeline_head *head)
{
	struct pddgpu_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	fence = list_first_entry_or_null(&timeline->pending, struct pddgpu_fence, link);
	if (fence)
		*head = (struct pddgpu_timeline_head) {
			.seqno = fence->base.seqno,
			.slot = READ_ONCE(fence->slot),
			.user = fence->job && !pddgpu_job_is_kernel(fence->job),
		};
	spin_unlock_irqrestore(&timeline->lock, flags);
	return fence;
}

struct pddgpu_job *pddgpu_timeline_next_job(struct pddgpu_timeline *timeline, u64 seqno)
{
	struct pddgpu_job *job = NULL;
	struct pddgpu_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	list_for_each_entry(fence, &timeline->pending, link) {
		job = fence->base.seqno > seqno ? fence->job : NULL;
		if (job)
			break;
	}
	spin_unlock_irqrestore(&timeline->lock, flags);
	return job;
}

struct pddgpu_fence *pddgpu_fence_alloc(void)
{
	struct pddgpu_fence *fence = kzalloc_obj(*fence);

	if (fence)
		INIT_LIST_HEAD(&fence->link);
	return fence;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_fence_alloc);

void pddgpu_fence_put(struct pddgpu_fence *fence)
{
	if (fence && fence->timeline)
		dma_fence_put(&fence->base);
	else
		kfree(fence);
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_fence_put);

/* The word still says how the job ended that had it before. */
int pddgpu_fence_arm(struct pddgpu_fence *fence, struct pddgpu_timeline *timeline,
		     struct pddgpu_job *job, u32 *status)
{
	unsigned long flags;
	int error;

	spin_lock_irqsave(&timeline->lock, flags);
	error = timeline->error;
	if (!error) {
		kref_get(&timeline->ref);
		fence->timeline = timeline;
		fence->job = job;
		dma_fence_init(&fence->base, &pddgpu_fence_ops, &timeline->lock,
			       timeline->context, ++timeline->emitted);
		dma_fence_get(&fence->base);
		WRITE_ONCE(status[fence->base.seqno % PDDGPU_RING_SLOTS], PDDGPU_STATUS_PENDING);
		list_add_tail(&fence->link, &timeline->pending);
	}
	spin_unlock_irqrestore(&timeline->lock, flags);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(pddgpu_fence_arm);

void pddgpu_fence_report(struct pddgpu_fence *fence, u32 status)
{
	struct pddgpu_timeline *timeline = fence->timeline;
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	if (!list_empty(&fence->link))
		pddgpu_fence_finish_locked(fence, pddgpu_job_error(fence->job, status));
	spin_unlock_irqrestore(&timeline->lock, flags);
	dma_fence_end_signalling(cookie);
}

void pddgpu_fence_finish(struct pddgpu_fence *fence, int error)
{
	struct pddgpu_timeline *timeline = fence->timeline;
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	if (!list_empty(&fence->link))
		pddgpu_fence_finish_locked(fence, error);
	spin_unlock_irqrestore(&timeline->lock, flags);
	dma_fence_end_signalling(cookie);
}

static const char *pddgpu_fence_get_driver_name(struct dma_fence *fence)
{
	return "pddgpu";
}

static const char *pddgpu_fence_get_timeline_name(struct dma_fence *fence)
{
	return container_of(fence, struct pddgpu_fence, base)->timeline->name;
}

static void pddgpu_fence_release(struct dma_fence *base)
{
	struct pddgpu_fence *fence = container_of(base, struct pddgpu_fence, base);

	/* Frees from the base's address, hence the order of the members. */
	static_assert(!offsetof(struct pddgpu_fence, base));

	pddgpu_timeline_put(fence->timeline);
	dma_fence_free(&fence->base);
}

static const struct dma_fence_ops pddgpu_fence_ops = {
	.get_driver_name = pddgpu_fence_get_driver_name,
	.get_timeline_name = pddgpu_fence_get_timeline_name,
	.use_64bit_seqno = true,
	.release = pddgpu_fence_release,
};
