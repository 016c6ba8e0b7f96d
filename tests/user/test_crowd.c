// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "test_crowd.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL		(256 * KIB)
#define LARGE		(8 * MIB)
#define MAX_LARGE	64
#define JOB_MS		20000	/* no fence may take longer, whatever happens */
#define GO_ON_NS	60000000000ULL

/* A buffer, and the dword that it is filled with, if anybody knows. */
struct filled {
	struct pdd_bo bo;
	u32 word;
	bool known;
};

/* A client as a member sees it; made anew when its address space may be broken. */
struct life {
	struct crowd *crowd;
	struct crowd_member *me;
	u64 seed;
	struct pdd_client c;
	struct pdd_ib ib;
	struct filled a, b;
	struct filled scratch;	/* on-chip */
	struct filled large[MAX_LARGE];
	u32 num_large;
};

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/* --- A card that is gone ------------------------------------------------ */

/* All ioctls say so, and the rest does no harm: see check_after_death(). */
static void check_ioctls_after_death(int fd)
{
	const unsigned long requests[] = {
		DRM_IOCTL_PDDGPU_INFO, DRM_IOCTL_PDDGPU_GEM_CREATE, DRM_IOCTL_PDDGPU_GEM_MMAP,
		DRM_IOCTL_PDDGPU_GEM_INFO, DRM_IOCTL_PDDGPU_GEM_WAIT, DRM_IOCTL_PDDGPU_VM_CREATE,
		DRM_IOCTL_PDDGPU_VM_DESTROY, DRM_IOCTL_PDDGPU_VM_BIND, DRM_IOCTL_PDDGPU_CTX_CREATE,
		DRM_IOCTL_PDDGPU_CTX_DESTROY, DRM_IOCTL_PDDGPU_CTX_QUERY, DRM_IOCTL_PDDGPU_CS,
		DRM_IOCTL_PDDGPU_GEM_MADVISE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		u64 data[16] = { 0 };

		CHECK_RET(pdd_ioctl(fd, requests[i], data), -ENODEV);
	}
}

/* Whether the core has heard of it: what other ioctls say may be older news. */
static void wait_for_unplug(int fd)
{
	const u64 end = now_ns() + test_late_ns(JOB_MS * 1000000ULL);
	struct drm_pddgpu_info info = { 0 };

	while (pdd_ioctl(fd, DRM_IOCTL_PDDGPU_INFO, &info) != -ENODEV) {
		CHECK(now_ns() < end);
		sleep_ms(5);
	}
}

/* Every page of a mapping can be read and written, and there is no telling what it holds. */
static void touch_all(const struct pdd_bo *bo)
{
	if (sigsetjmp(bus_error, 1))
		FAIL("a mapping of a card that is gone gives SIGBUS");
	for (u64 at = 0; bo->map && at < bo->size; at += PDD_PAGE) {
		volatile u32 *word = bo->map + at;

		*word = *word + 1;
	}
}

static void check_after_death(struct life *l)
{
	wait_for_unplug(l->c.dev.fd);
	check_ioctls_after_death(l->c.dev.fd);
	touch_all(&l->a.bo);
	touch_all(&l->b.bo);
	for (u32 i = 0; i < l->num_large; i++)
		touch_all(&l->large[i].bo);
	pdd_client_close(&l->c);
	touch_all(&l->a.bo);
	_exit(0);
}

/*
 * What may have come of the card's death, or of what the test does to the card.
 * Returns false if the caller has to do without what it wanted.
 */
static bool went_well(struct life *l, int ret)
{
	if (!ret)
		return true;
	if (ret == -ENODEV || ret == -ENOENT) {
		if (!l->me->gone_ns)
			l->me->gone_ns = now_ns();
		check_after_death(l);
	}
	if (ret != -ECANCELED && ret != -EIO && ret != -ENOSPC && ret != -ENOMEM)
		FAIL("an ioctl gives %s", test_errno(ret));
	return false;
}

/* --- Jobs ---------------------------------------------------------------- */

static int submit_for_file(struct life *l, u32 engine, const struct drm_pddgpu_cs_bo *list,
			   u32 num, int *fd)
{
	u32 out;
	int ret;

	ret = pdd_submit_out(&l->c, engine, &l->ib, list, num, &out);
	if (ret)
		return ret;
	if (drmSyncobjExportSyncFile(l->c.dev.fd, out, fd))
		return -errno;
	drmSyncobjDestroy(l->c.dev.fd, out);
	return 0;
}

/* Waits for the fence; a sync file outlives the card. */
static int wait_for_file(struct life *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const u64 start = now_ns();
	int status;

	if (poll(&p, 1, test_late_ns(JOB_MS)) != 1)
		FAIL("a fence has not signalled after %llu ms", test_late_ns(JOB_MS));
	if (now_ns() - start > l->me->worst_ns)
		l->me->worst_ns = now_ns() - start;
	status = pdd_sync_file_status(fd);
	close(fd);
	if (status == 1) {
		l->me->jobs++;
		l->me->last_ok_ns = now_ns();
		return 0;
	}
	l->me->failed++;
	if (status == -ENODEV && !l->me->gone_ns)
		l->me->gone_ns = now_ns();
	return status;
}

/* A context that is banned is replaced: the member has nothing to reproach itself with. */
static void replace_context(struct life *l)
{
	struct drm_pddgpu_ctx_destroy destroy = { .ctx_id = l->c.ctx };

	l->me->banned++;
	went_well(l, pdd_ioctl(l->c.dev.fd, DRM_IOCTL_PDDGPU_CTX_DESTROY, &destroy));
	went_well(l, pdd_ctx_create(&l->c, &l->c.ctx));
}

/* Runs the command buffer, which may read another buffer.  Returns whether it did what it says. */
static bool run(struct life *l, u32 engine, struct filled *dst, const struct filled *src)
{
	const struct drm_pddgpu_cs_bo list[] = {
		{ .handle = dst->bo.handle, .flags = DRM_PDDGPU_CS_BO_WRITE },
		{ .handle = src ? src->bo.handle : 0 },
	};
	int ret, fd;

	dst->known = false;
	ret = submit_for_file(l, engine, list, src ? 2 : 1, &fd);
	if (!ret)
		ret = wait_for_file(l, fd);
	else
		went_well(l, ret);
	pdd_ib_reset(&l->ib);
	if (ret == -ECANCELED || ret == -ETIME)
		replace_context(l);
	dst->known = !ret;
	return !ret;
}

/* The CPU looks at some of it, or all; it may be told that nobody knows what is in there. */
static void look(struct life *l, struct filled *f, u64 step)
{
	if (!f->known)
		return;
	if (sigsetjmp(bus_error, 1)) {
		l->me->lost++;
		f->known = false;
		return;
	}
	for (u64 at = 0; at < f->bo.size; at += step) {
		u32 have = *(volatile u32 *)(f->bo.map + at);

		/* A card that is gone reads as anything, before the driver knows it. */
		if (have != f->word && pdd_memory(&l->c.dev, &(struct drm_pddgpu_info_memory){ 0 }))
			wait_for_unplug(l->c.dev.fd);
		else if (have != f->word && have != ~0u)
			FAIL("byte %#llx holds %#x, not %#x", at, have, f->word);
	}
}

static void fill(struct life *l, struct filled *f)
{
	f->word = random_next(&l->seed);
	pdd_fill(&l->ib, f->bo.va, f->bo.size, f->word);
	run(l, random_next(&l->seed) & 1, f, NULL);
}

static void copy(struct life *l, const struct filled *from, struct filled *to)
{
	bool known = from->known;

	pdd_copy(&l->ib, from->bo.va, to->bo.va, to->bo.size);
	to->word = from->word;
	run(l, random_next(&l->seed) & 1, to, NULL);
	to->known &= known;
}

/* --- What members do ------------------------------------------------------ */

static bool make(struct life *l, u64 size, u32 domains, struct filled *f)
{
	memset(f, 0, sizeof(*f));
	if (!went_well(l, pdd_bo_new(&l->c, size, domains, 0, &f->bo)))
		return false;
	return went_well(l, pdd_bo_map(&l->c.dev, &f->bo));
}

static void end(struct life *l)
{
	pdd_client_close(&l->c);
	pdd_bo_unmap(&l->ib.bo);
	pdd_bo_unmap(&l->a.bo);
	pdd_bo_unmap(&l->b.bo);
}

/* Returns false if there is no card any more, or it is about to go. */
static bool begin(struct life *l)
{
	if (pdd_client_open(&l->c, 0))
		return false;
	if (went_well(l, pdd_ib_init(&l->c, 64, &l->ib)) && make(l, SMALL, VRAM, &l->a) &&
	    make(l, SMALL, GTT, &l->b))
		return true;
	end(l);
	return false;
}

/* A file, an address space and a context that are used once. */
static void come_and_go(struct life *l)
{
	struct life other = { .crowd = l->crowd, .me = l->me, .seed = random_next(&l->seed) };

	if (!begin(&other))
		return;
	fill(&other, &other.a);
	look(&other, &other.a, PDD_PAGE);
	end(&other);
}

/* A mapping comes, is used, and goes while the next job may be under way. */
static void bind_elsewhere(struct life *l)
{
	const u64 va = pdd_va(&l->c, SMALL);
	struct filled there = l->b;

	if (!went_well(l, pdd_bind(&l->c, &l->b.bo, 0, va, SMALL, 0)))
		return;
	there.bo.va = va;
	fill(l, &there);
	l->b.word = there.word;
	l->b.known = there.known;
	went_well(l, pdd_unbind(&l->c, va, SMALL));
}

/* All of a heap, which each member wants: what one job puts there another one takes out. */
static void go_through_heap(struct life *l)
{
	const u64 size = l->c.dev.info.gds_size;
	struct filled *s = &l->scratch, part;
	const u32 heap = PDDGPU_ONCHIP_GDS;
	u32 engine = random_next(&l->seed) & 1;

	if (!size || size > SMALL)
		return;
	if (!s->bo.handle &&
	    !went_well(l, pdd_bo_create(&l->c.dev, size, DRM_PDDGPU_DOMAIN_GDS, 0, &s->bo))) {
		s->bo.handle = 0;
		return;
	}

	part = l->b;
	part.bo.size = size;
	l->b.known = false;
	if (s->known) {
		part.word = s->word;
		pdd_onchip_copy(&l->ib, heap | PDDGPU_ONCHIP_COPY_TO_MEMORY, 0, size, part.bo.va);
		run(l, engine, &part, s);
		look(l, &part, PDD_PAGE);
	}
	if (!l->a.known)
		return;
	s->word = l->a.word;
	pdd_onchip_copy(&l->ib, heap, 0, size, l->a.bo.va);
	run(l, !engine, s, &l->a);
}

static void work(struct life *l)
{
	fill(l, &l->a);
	copy(l, &l->a, &l->b);
	look(l, &l->b, PDD_PAGE);
	switch (random_next(&l->seed) % 8) {
	case 0:
		come_and_go(l);
		break;
	case 1:
		bind_elsewhere(l);
		break;
	case 2:
		look(l, &l->a, PDD_PAGE);
		break;
	case 3:
	case 4:
		go_through_heap(l);
		break;
	default:
		break;
	}
}

/* More than VRAM, of which each buffer in turn is used: all of them keep moving. */
static void fill_vram(struct life *l)
{
	struct filled *f;

	if (!l->num_large) {
		u64 want = l->c.dev.info.vram_size / 4 * 5 / LARGE;

		for (; l->num_large < want && l->num_large < MAX_LARGE; l->num_large++)
			if (!make(l, LARGE, VRAM, &l->large[l->num_large]))
				break;
	}
	f = &l->large[random_next(&l->seed) % l->num_large];
	look(l, f, random_next(&l->seed) & 1 ? PDD_PAGE : LARGE / 4);
	fill(l, f);
}

static void live(struct crowd *crowd, unsigned int n)
{
	static struct life l;

	l = (struct life){
		.crowd = crowd,
		.me = &crowd->members[n],
		.seed = crowd->seed * 1000003 + n,
	};
	signal(SIGBUS, on_bus_error);
	if (!begin(&l))
		FAIL("a member cannot begin");
	while (!crowd->stop) {
		work(&l);
		if (!n)
			fill_vram(&l);
	}
	_exit(0);
}

/* Ends with the test. */
static void watch_the_clock(struct crowd *crowd)
{
	for (u64 last = now_ns(), now;; last = now) {
		sleep_ms(1);
		now = now_ns();
		if (now - last > crowd->stall_ns)
			crowd->stall_ns = now - last;
	}
}

/* --- The crowd as a whole ------------------------------------------------- */

/* One that has ended before its time has failed, or its card has. */
static void check_members(struct crowd *crowd)
{
	for (unsigned int i = 0; i < crowd->count; i++) {
		struct crowd_member *m = &crowd->members[i];

		if (m->pid && !m->gone_ns && waitpid(m->pid, NULL, WNOHANG))
			FAIL("member %u of the crowd ended by itself", i);
	}
}

void crowd_go_on(struct crowd *crowd, u64 jobs)
{
	const u64 limit = now_ns() + test_late_ns(GO_ON_NS);
	u64 start[CROWD_MAX];

	for (unsigned int i = 0; i < crowd->count; i++)
		start[i] = crowd->members[i].jobs;
	for (unsigned int i = 0; i < crowd->count; i++)
		while (crowd->members[i].jobs < start[i] + jobs) {
			check_members(crowd);
			if (now_ns() > limit)
				FAIL("member %u had %llu jobs done, then no more", i,
				     crowd->members[i].jobs);
			if (crowd->members[i].gone_ns)
				return;
			sleep_ms(2);
		}
}

struct crowd *crowd_start(unsigned int count, u64 seed)
{
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(crowd != MAP_FAILED && count <= CROWD_MAX);
	crowd->count = count;
	crowd->seed = seed;
	if (!test_fork())
		watch_the_clock(crowd);
	for (unsigned int i = 0; i < count; i++) {
		pid_t pid = test_fork();

		if (!pid)
			live(crowd, i);
		crowd->members[i].pid = pid;
	}
	crowd_go_on(crowd, 4);
	return crowd;
}

void crowd_stop(struct crowd *crowd)
{
	crowd->stop = 1;
	crowd_join(crowd);
}

void crowd_join(struct crowd *crowd)
{
	for (unsigned int i = 0; i < crowd->count; i++)
		test_join(crowd->members[i].pid);
}
