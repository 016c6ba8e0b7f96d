// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The last resort: no reset helps, so the card is wedged.  Who waits is told soon, what
 * the CPU reaches it keeps, nobody is shown what is another's, and after binding or
 * loading the driver again the card works.
 */
#include "test.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define SOON_NS		2000000000ULL	/* 1 s for fences, as long for the resets that do not help */
#define HANG_MS		600	/* as usual */
#define JOBS		8
#define BO_SIZE		PDD_LARGE_PAGE
#define MAX_BOS		160
#define MOVES		6
#define FIRST		(2 * MOVES)

static volatile u32 *reg(struct pdd_client *c, u32 offset)
{
	return &test_registers(&c->dev)[offset / 4];
}

static char *reset_path(const struct pdd_dev *dev)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", dev->pci);
	return path;
}

/* --- Back to work ------------------------------------------------------ */

/* It has another number now if somebody has files of the old one open. */
static int find_card(const char *pci)
{
	struct pdd_dev dev;

	for (int nth = 0; !pdd_open(&dev, nth); nth++) {
		pdd_close(&dev);
		if (!strcmp(dev.pci, pci))
			return nth;
	}
	return -1;
}

static void check_alive(const char *pci)
{
	const u64 end = now_ns() + test_late_ns(5000000000ULL);
	int nth;

	while ((nth = find_card(pci)) < 0) {
		CHECK(now_ns() < end);
		sleep_ms(10);
	}
	test_check_alive(nth);
}

static void rebind(const struct pdd_dev *dev)
{
	CHECK_OK(write_text("/sys/bus/pci/drivers/pddgpu/unbind", dev->pci));
	CHECK_OK(write_text("/sys/bus/pci/drivers/pddgpu/bind", dev->pci));
	check_alive(dev->pci);
}

static void reload(const struct pdd_dev *dev)
{
	CHECK_OK(test_module_unload());
	CHECK_OK(test_module_load(""));
	check_alive(dev->pci);
}

/* --- Reset forgets ----------------------------------------------------- */

/*
 * VRAM forgets in a reset that somebody orders: nothing on the card can be trusted.
 * Who has files open is told.
 */
static void wedged(const void *arg)
{
	struct pdd_client c, other;
	struct pdd_ib ib;
	u32 out;

	(void)arg;
	test_client(&c);
	test_client(&other);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(&c, COPY, &ib, NULL, 0));
	*reg(&c, PDDGPU_REG_INJECT_FORGET) = 1;
	CHECK_OK(write_text(reset_path(&c.dev), "1"));
	pdd_nop(&ib, 0);
	CHECK_RET(pdd_submit_out(&c, COPY, &ib, NULL, 0, &out), -EIO);
	CHECK_RET(pdd_submit_out(&other, COMPUTE, &ib, NULL, 0, &out), -EIO);
	CHECK_OK(write_text(reset_path(&c.dev), "1"));
	CHECK_RET(pdd_submit_out(&c, COPY, &ib, NULL, 0, &out), -EIO);
	CHECK(test_is_wedged(&c.dev));
	rebind(&c.dev);
	CHECK_RET(pdd_submit_out(&c, COPY, &ib, NULL, 0, &out), -ENODEV);
	pdd_client_close(&other);
	pdd_client_close(&c);
}

/* --- Neither reset helps ----------------------------------------------- */

struct row {
	u32 engine;
	bool reload;
};

/* Adds 1 to a word, which shows a job that runs twice. */
static u32 submit_add(struct pdd_client *c, u32 engine, struct pdd_ib *ib, u64 va)
{
	u32 out;

	pdd_atomic(ib, PDDGPU_ATOMIC_ADD, va, 1, 0, 0);
	CHECK_OK(pdd_submit_out(c, engine, ib, NULL, 0, &out));
	return out;
}

static int status_soon(struct pdd_client *c, u32 out)
{
	CHECK_OK(pdd_syncobj_wait(&c->dev, out, test_late_ns(SOON_NS)));
	return pdd_syncobj_status(&c->dev, out);
}

static u32 ctx_flags(struct pdd_client *c)
{
	struct drm_pddgpu_ctx_query query;

	CHECK_OK(pdd_ctx_query(c, c->ctx, &query));
	return query.flags;
}

/* What needs no engine works; what does says that there is none. */
static void check_wedged(struct pdd_client *c, struct pdd_ib *ib)
{
	struct pdd_bo bo;
	u32 out;

	CHECK(test_is_wedged(&c->dev));
	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++)
		CHECK_RET(pdd_submit_out(c, engine, ib, NULL, 0, &out), -EIO);
	/* All of it may have been clear; but the card has no memory of that. */
	CHECK_RET(pdd_bo_create(&c->dev, MIB, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, &bo), -EIO);
	CHECK_OK(pdd_bo_create(&c->dev, MIB, GTT, 0, &bo));
	CHECK_RET(pdd_bind(c, &bo, 0, pdd_va(c, MIB), MIB, 0), -EIO);
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	test_check_words(bo.map, MIB, 0);
	CHECK_OK(pdd_bo_wait(&c->dev, &bo, 0, 0));
	pdd_bo_free(&c->dev, &bo);
	/* One more of what did not help. */
	CHECK_OK(write_text(reset_path(&c->dev), "1"));
	CHECK(test_is_wedged(&c->dev));
}

/*
 * The engine hangs and ignores its reset, and VRAM does not survive that of the
 * function.  All jobs end soon: none runs twice, and none is said to have run that
 * has not.
 */
static void end_hopeless(struct pdd_client *guilty, struct pdd_client *c, u32 engine)
{
	struct pdd_bo never = test_bo(guilty, PDD_PAGE, GTT), words = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib hangs = test_ib(guilty, 16), ibs[JOBS];
	u32 hung, outs[JOBS];

	for (u32 i = 0; i < JOBS; i++)
		ibs[i] = test_ib(c, 16);
	CHECK_EQ(status_soon(c, submit_add(c, engine, &ibs[0], words.va + 512)), 1);
	pdd_ib_reset(&ibs[0]);
	pdd_wait(&hangs, PDDGPU_WAIT_EQ, never.va, 1, ~0u);
	*reg(c, PDDGPU_REG_INJECT_STUCK_RESET) = BIT(engine);
	*reg(c, PDDGPU_REG_INJECT_FORGET) = 1;
	/* Not before all are there, however slow the machine is */
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	CHECK_OK(pdd_submit_out(guilty, engine, &hangs, NULL, 0, &hung));
	for (u32 i = 0; i < JOBS; i++)
		outs[i] = submit_add(c, i & 1 ? engine : !engine, &ibs[i], words.va + 8 * i);
	for (u32 i = 0; i < JOBS; i += 2)
		CHECK_EQ(status_soon(c, outs[i]), 1);
	test_job_limits(HANG_MS, 0);
	CHECK_EQ(status_soon(guilty, hung), (u64)-EIO);
	for (u32 i = 0; i < JOBS; i++) {
		bool ran = !(i & 1);

		CHECK_EQ(status_soon(c, outs[i]), ran ? 1 : (u64)-EIO);
		CHECK_EQ(((volatile u64 *)words.map)[i], ran);
	}
	CHECK_EQ(ctx_flags(c), 0);
	check_wedged(c, &ibs[0]);
	/* What the GPU has left there is still there. */
	for (u32 i = 0; i < JOBS; i++)
		CHECK_EQ(((volatile u64 *)words.map)[i], !(i & 1));
	pdd_bo_unmap(&never);
	pdd_bo_unmap(&words);
	pdd_bo_unmap(&hangs.bo);
	for (u32 i = 0; i < JOBS; i++)
		pdd_bo_unmap(&ibs[i].bo);
}

static void hopeless(const void *arg)
{
	const struct row *row = arg;
	struct drm_pddgpu_info_memory before;
	struct pdd_client guilty, c;
	struct pdd_bo vram, gtt;
	struct pdd_dev dev;

	CHECK_OK(pdd_open(&dev, 0));
	before = test_memory(&dev);
	test_client(&guilty);
	test_client(&c);
	vram = test_bo(&c, MIB, VRAM);
	gtt = test_bo(&c, MIB, GTT);
	test_pattern(vram.map, MIB, 1);
	test_pattern(gtt.map, MIB, 2);
	end_hopeless(&guilty, &c, row->engine);
	test_check_pattern(gtt.map, MIB, 2);
	/* It is noise, but it is there. */
	test_pattern(vram.map, MIB, 3);
	test_check_pattern(vram.map, MIB, 3);
	if (!row->reload) {
		rebind(&dev);
		CHECK_RET(pdd_memory(&c.dev, &(struct drm_pddgpu_info_memory){ 0 }), -ENODEV);
	}
	pdd_client_close(&guilty);
	pdd_client_close(&c);
	pdd_bo_unmap(&vram);
	pdd_bo_unmap(&gtt);
	if (row->reload)
		test_settle(&dev, &before);
	pdd_close(&dev);
	if (row->reload)
		reload(&dev);
}

/* The CPU stands in for the engine as far as it sees VRAM: not a byte is another's. */
static void fill_visible(struct pdd_dev *dev)
{
	for (u64 at = 0; at < dev->info.vram_visible; at += BO_SIZE) {
		struct pdd_bo bo;

		CHECK_OK(pdd_bo_create(dev, BO_SIZE, VRAM, DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
		CHECK_OK(pdd_bo_map(dev, &bo));
		test_check_words(bo.map, BO_SIZE, 0);
		pdd_bo_unmap(&bo);
	}
}

/* --- The CPU in place of the engine ------------------------------------ */

static struct pdd_bo visible_bo(struct pdd_client *c, u64 size, u32 flags)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_new(c, size, VRAM, flags | DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, &bo));
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	return bo;
}

/*
 * It clears, and evicts what is in one piece.  Of what is not, as of what it does not
 * see, nothing is left, and nobody takes zeroes for it.
 */
static void by_cpu(const void *arg)
{
	struct pdd_bo whole, pieces, unseen;
	struct drm_pddgpu_gem_info info;
	struct pdd_client c, other;

	(void)arg;
	test_client(&c);
	test_client(&other);
	whole = visible_bo(&c, 3 * MIB, DRM_PDDGPU_GEM_VRAM_CONTIGUOUS);
	pieces = visible_bo(&c, 3 * MIB, 0);
	CHECK_OK(pdd_bo_new(&c, MIB, VRAM, 0, &unseen));
	CHECK_OK(pdd_bo_map(&c.dev, &unseen));
	CHECK_OK(pdd_bo_info(&c.dev, &pieces, &info));
	CHECK(info.blocks > 1);
	*reg(&c, PDDGPU_REG_INJECT_FORGET) = 1;
	CHECK_OK(write_text(reset_path(&c.dev), "1"));
	CHECK(test_is_wedged(&c.dev));
	test_pattern(whole.map, whole.size, 1);
	test_pattern(pieces.map, pieces.size, 2);
	CHECK_EQ(test_touch(unseen.map), 128 + SIGBUS);
	fill_visible(&other.dev);
	CHECK_OK(pdd_bo_info(&c.dev, &whole, &info));
	CHECK_EQ(info.placement, GTT);
	test_check_pattern(whole.map, whole.size, 1);
	CHECK_EQ(test_touch(pieces.map), 128 + SIGBUS);
	rebind(&c.dev);
	pdd_client_close(&other);
	pdd_client_close(&c);
}

/* --- Moves under way --------------------------------------------------- */

/* More buffers that prefer VRAM than it holds: those of the first client are in GTT */
struct crammed {
	struct pdd_client first, rest;
	struct pdd_bo bos[MAX_BOS];
	u32 was[MAX_BOS];	/* DRM_PDDGPU_DOMAIN_* before the last moves */
	u32 num;
};

static u32 placement(struct crammed *m, u32 i)
{
	struct pdd_dev *dev = i < FIRST ? &m->first.dev : &m->rest.dev;
	struct drm_pddgpu_gem_info info;

	CHECK_OK(pdd_bo_info(dev, &m->bos[i], &info));
	return info.placement;
}

static u32 word_of(u32 i)
{
	return 0xacc00000 + i;
}

static void cram_bo(struct pdd_client *c, struct pdd_ib *ib, struct pdd_bo *bo, u32 word)
{
	struct drm_pddgpu_cs_bo use = { .flags = DRM_PDDGPU_CS_BO_WRITE };

	*bo = test_bo(c, BO_SIZE, VRAM);
	use.handle = bo->handle;
	pdd_fill(ib, bo->va, BO_SIZE, word);
	CHECK_OK(pdd_run(c, COMPUTE, ib, &use, 1));
}

static void cram(struct crammed *m)
{
	struct pdd_ib first, rest;

	test_client(&m->first);
	test_client(&m->rest);
	first = test_ib(&m->first, 16);
	rest = test_ib(&m->rest, 16);
	m->num = m->rest.dev.info.vram_size / BO_SIZE + FIRST;
	CHECK(m->num <= MAX_BOS);
	for (u32 i = 0; i < m->num; i++)
		cram_bo(i < FIRST ? &m->first : &m->rest, i < FIRST ? &first : &rest,
			&m->bos[i], word_of(i));
	for (u32 i = 0; i < m->num; i++)
		m->was[i] = placement(m, i);
	pdd_bo_unmap(&first.bo);
	pdd_bo_unmap(&rest.bo);
}

/*
 * Wants some back in VRAM, for which the other client's have to go, and tells the jobs'
 * fences.  For room among its client's own a job would wait.
 */
static void start_moves(struct crammed *m, struct pdd_ib *ib, u32 *outs)
{
	for (u32 i = 0; i < MOVES; i++) {
		struct drm_pddgpu_cs_bo use = { .handle = m->bos[i].handle };

		CHECK_EQ(m->was[i], GTT);
		CHECK_OK(pdd_submit_out(&m->first, COMPUTE, ib, &use, 1, &outs[i]));
	}
}

/*
 * What was on its way is lost, in whichever place: there may be another's bytes.  What
 * rested in GTT is as it was.  VRAM has noise.
 */
static void check_crammed(struct crammed *m)
{
	u32 lost = 0;

	for (u32 i = 0; i < m->num; i++) {
		u32 is = placement(m, i);

		if (is != m->was[i]) {
			CHECK_EQ(test_touch(m->bos[i].map), 128 + SIGBUS);
			lost++;
		} else if (is == GTT) {
			CHECK_EQ(test_touch(m->bos[i].map), 0);
			test_check_words(m->bos[i].map, BO_SIZE, word_of(i));
		}
	}
	/* Those that were to come back, and those that had to make room for them. */
	CHECK(lost > MOVES);
}

/* Keeps the engine for ever: the kernel's moves have to queue behind it. */
static u32 hold(struct pdd_client *c, u32 engine)
{
	struct pdd_bo gate = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 16);
	u32 out;

	pdd_write32(&ib, gate.va + 8, 1);
	pdd_wait(&ib, PDDGPU_WAIT_EQ, gate.va, 1, ~0u);
	CHECK_OK(pdd_submit_out(c, engine, &ib, NULL, 0, &out));
	while (!((volatile u32 *)gate.map)[2])
		sleep_ms(1);
	pdd_bo_unmap(&gate);
	pdd_bo_unmap(&ib.bo);
	return out;
}

static void wedged_moves(const void *arg)
{
	static struct crammed m;
	struct drm_pddgpu_info_memory before;
	u32 held, outs[MOVES];
	struct pdd_client holder;
	volatile u32 *forget;
	struct pdd_dev dev;
	struct pdd_ib ib;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	before = test_memory(&dev);
	cram(&m);
	test_client(&holder);
	/* However slow the machine is, the job that holds the engine does not count as hung. */
	test_job_limits(TEST_NEVER_MS, TEST_NEVER_MS);
	ib = test_ib(&m.first, 16);
	pdd_nop(&ib, 0);
	forget = reg(&m.first, PDDGPU_REG_INJECT_FORGET);
	held = hold(&holder, COPY);
	start_moves(&m, &ib, outs);
	*forget = 1;
	CHECK_OK(write_text(reset_path(&dev), "1"));
	CHECK(test_is_wedged(&dev));
	CHECK_EQ(status_soon(&holder, held), (u64)-EIO);
	for (u32 i = 0; i < MOVES; i++)
		CHECK_EQ(status_soon(&m.first, outs[i]), (u64)-EIO);
	check_crammed(&m);
	fill_visible(&holder.dev);
	pdd_bo_unmap(&ib.bo);
	for (u32 i = 0; i < m.num; i++)
		pdd_bo_unmap(&m.bos[i]);
	pdd_client_close(&m.first);
	pdd_client_close(&m.rest);
	pdd_client_close(&holder);
	test_settle(&dev, &before);
	rebind(&dev);
	pdd_close(&dev);
}

static const struct test tests[] = {
	{ .name = "reset.wedged", .run = wedged, .changes_cards = true },
	{ .name = "reset.hopeless_copy", .run = hopeless, .changes_cards = true,
	  .arg = &(const struct row){ .engine = COPY } },
	{ .name = "reset.hopeless_compute", .run = hopeless, .changes_cards = true,
	  .arg = &(const struct row){ .engine = COMPUTE, .reload = true } },
	{ .name = "reset.wedged_by_cpu", .run = by_cpu, .changes_cards = true },
	{ .name = "reset.wedged_moves", .run = wedged_moves, .changes_cards = true, .timeout = 60 },
};

TEST_GROUP(wedged_tests, tests);
