// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Memory that was somebody's a moment ago.  What a client unmaps is out of its
 * reach from the next job on, whatever the engines' TLBs hold; what it lets go
 * while its jobs write to it is nobody else's before they are done; and page
 * tables are made of nothing that a client left in VRAM.
 */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define ROUNDS		20
#define BO_SIZE		(16 * MIB)
#define FILLS		24		/* of a buffer by a job: takes a while, but is no hang */
#define JOBS		8
#define LATE_NS		20000000000ULL
#define FRESH_CLIENTS	24

/* How a mapping looks to the TLB. */
struct row {
	u32 engine;
	u32 domain;
	u64 size;
	u32 bind_flags;
};

static struct pdd_bo mapped(struct pdd_client *c, const struct row *row, u64 va)
{
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_create(&c->dev, row->size, row->domain, 0, &bo));
	CHECK_OK(pdd_bo_map(&c->dev, &bo));
	bo.va = va;
	CHECK_OK(pdd_bind(c, &bo, 0, va, bo.size, row->bind_flags));
	return bo;
}

/* A job that fills the buffer's TLB entries, is followed by the unmapping, and by another job. */
static void after_unmap(const void *arg)
{
	const struct row *row = arg;
	struct pdd_client c;
	struct pdd_ib before, after;
	struct pdd_bo bo;

	test_client(&c);
	bo = mapped(&c, row, pdd_va(&c, row->size));
	before = test_ib(&c, 16);
	after = test_ib(&c, 16);
	pdd_fill(&before, bo.va, bo.size, 1);
	for (u32 i = 0; i < ROUNDS; i++) {
		const u64 last = bo.va + bo.size - 4;

		CHECK_OK(pdd_submit(&c, row->engine, &before, NULL));
		CHECK_OK(pdd_unbind(&c, bo.va, bo.size));
		pdd_write32(&after, i & 1 ? last : bo.va, 2);
		test_job_fault(&c, row->engine, &after, PDDGPU_ERR_UNMAPPED);
		test_check_words(bo.map, bo.size, 1);
		CHECK_OK(pdd_bind(&c, &bo, 0, bo.va, bo.size, row->bind_flags));
	}
}

/* Two buffers take turns at an address; jobs queue up, and each counts in the one of its time. */
static void after_remap(const void *arg)
{
	const struct row *row = arg;
	struct pdd_client c;
	struct pdd_bo bos[2];
	struct pdd_ib ib;
	u64 va;

	test_client(&c);
	va = pdd_va(&c, row->size);
	ib = test_ib(&c, 64);
	pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, va, 1, 0, 0);
	pdd_atomic(&ib, PDDGPU_ATOMIC_ADD, va + row->size - 8, 1, 0, 0);
	bos[0] = mapped(&c, row, va);
	bos[1] = mapped(&c, row, va);
	for (u32 i = 0; i < ROUNDS; i++)
		for (u32 n = 0; n < 2; n++) {
			CHECK_OK(pdd_bind(&c, &bos[n], 0, va, row->size, row->bind_flags));
			for (u32 job = 0; job <= n; job++)
				CHECK_OK(pdd_submit(&c, row->engine, &ib, NULL));
		}
	CHECK_OK(pdd_run(&c, row->engine, &ib, NULL, 0));
	CHECK_EQ(*(u64 *)bos[0].map, ROUNDS);
	CHECK_EQ(*(u64 *)bos[1].map, 2 * ROUNDS + 1);
	CHECK_EQ(*(u64 *)(bos[1].map + row->size - 8), 2 * ROUNDS + 1);
}

/* Tries what a page that was part of a mapping holds now, after a job that knew the whole. */
static void expect_hole(struct pdd_client *c, u32 engine, const struct pdd_bo *bo, u64 hole)
{
	struct pdd_ib warm = test_ib(c, 16), try = test_ib(c, 16);

	pdd_fill(&warm, bo->va, bo->size, 3);
	CHECK_OK(pdd_submit(c, engine, &warm, NULL));
	CHECK_OK(pdd_unbind(c, bo->va + hole, PDD_PAGE));
	pdd_write32(&try, bo->va + hole, 4);
	test_job_fault(c, engine, &try, PDDGPU_ERR_UNMAPPED);
	pdd_write32(&try, bo->va + hole - 4, 5);
	pdd_write32(&try, bo->va + hole + PDD_PAGE, 6);
	CHECK_OK(pdd_run(c, engine, &try, NULL, 0));
	CHECK_EQ(*(u32 *)(bo->map + hole - 4), 5);
	CHECK_EQ(*(u32 *)(bo->map + hole), 3);
	CHECK_EQ(*(u32 *)(bo->map + hole + PDD_PAGE), 6);
}

/* A large page is split, another buffer is put into the hole, and it is made whole again. */
static void split(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	const u64 hole = MIB + 5 * PDD_PAGE;
	struct pdd_client c;
	struct pdd_bo bo, other;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_LARGE_PAGE, VRAM);
	other = test_bo(&c, PDD_PAGE, VRAM);
	ib = test_ib(&c, 16);
	expect_hole(&c, engine, &bo, hole);
	CHECK_OK(pdd_bind(&c, &other, 0, bo.va + hole, PDD_PAGE, 0));
	pdd_fill(&ib, bo.va, bo.size, 7);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	CHECK_EQ(*(u32 *)(bo.map + hole), 3);
	test_check_words(other.map, PDD_PAGE, 7);
	CHECK_OK(pdd_bind(&c, &bo, 0, bo.va, bo.size, 0));
	pdd_fill(&ib, bo.va, bo.size, 8);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	test_check_words(bo.map, bo.size, 8);
	test_check_words(other.map, PDD_PAGE, 7);
}

/* --- Address spaces that take over VMID and tables of others ----------- */

/* One mapping of three, in an address space that is given up with all it had in the TLBs. */
static void live_at(u32 engine, u32 which)
{
	const u64 base = 1ULL << 40;
	struct pdd_client c;
	struct pdd_bo bo;
	struct pdd_ib ib;

	test_client(&c);
	bo = test_bo(&c, PDD_PAGE, VRAM);
	ib = test_ib(&c, 16);
	CHECK_OK(pdd_bind(&c, &bo, 0, base + which * PDD_PAGE, PDD_PAGE, 0));
	pdd_write32(&ib, base + which * PDD_PAGE, 1);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	CHECK_EQ(*(u32 *)bo.map, 1);
	for (u32 other = 1; other < 3; other++) {
		pdd_write32(&ib, base + (which + other) % 3 * PDD_PAGE, 2);
		test_job_fault(&c, engine, &ib, PDDGPU_ERR_UNMAPPED);
	}
	pdd_client_close(&c);
}

static void tables_taken_over(const void *arg)
{
	for (u32 i = 0; i < ROUNDS; i++)
		live_at(*(const u32 *)arg, i % 3);
}

/*
 * What an address space takes back from a large range is left as it is, entries and
 * all, and becomes tables of another range: where nothing is mapped there is nothing.
 */
static void no_old_entries(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	const u64 range = 1ULL << PDDGPU_PT_SHIFT(PDDGPU_PT_LEVELS - 1);
	const u64 old = 1ULL << 44, new = old + range;
	struct pdd_bo bos[PDDGPU_PT_LEVELS - 1], page;
	struct pdd_client c;
	struct pdd_ib ib;

	test_client(&c);
	ib = test_ib(&c, 16);
	page = test_bo(&c, PDD_PAGE, VRAM);
	for (u32 i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = test_bo(&c, PDD_LARGE_PAGE, VRAM);
	/* A table of small pages, one with a large page, one that leads to tables. */
	CHECK_OK(pdd_bind(&c, &bos[0], 0, old, PDD_LARGE_PAGE, DRM_PDDGPU_VM_BIND_SMALL_PAGES));
	CHECK_OK(pdd_bind(&c, &bos[1], 0, old + (1ULL << PDDGPU_PT_SHIFT(1)), PDD_LARGE_PAGE, 0));
	CHECK_OK(pdd_bind(&c, &bos[2], 0, old + (1ULL << PDDGPU_PT_SHIFT(2)), PDD_LARGE_PAGE, 0));
	CHECK_OK(pdd_unbind(&c, old, range));
	CHECK_OK(pdd_bind(&c, &page, 0, new, PDD_PAGE, 0));
	for (u32 level = 0; level < PDDGPU_PT_LEVELS - 1; level++) {
		pdd_write32(&ib, new + (1ULL << PDDGPU_PT_SHIFT(level)), 1);
		test_job_fault(&c, engine, &ib, PDDGPU_ERR_UNMAPPED);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bos); i++)
		test_check_words(bos[i].map, PDD_LARGE_PAGE, 0);
}

/* A buffer full of what would be valid entries. */
static void leave_entries(struct pdd_client *c, u64 size)
{
	struct pdd_ib ib = test_ib(c, 16);
	struct pdd_bo bo;

	CHECK_OK(pdd_bo_new(c, size, VRAM, DRM_PDDGPU_GEM_NO_CPU_ACCESS, &bo));
	pdd_fill(&ib, bo.va, size, PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE |
		 PDDGPU_PTE_LEAF);
	CHECK_OK(pdd_run(c, COMPUTE, &ib, NULL, 0));
}

/* Almost all of VRAM, and first of all where the next one's tables come to lie. */
static void leave_entries_everywhere(void)
{
	struct pdd_client first, c;

	test_client(&first);
	leave_entries(&first, 4 * MIB);
	test_client(&c);
	for (u64 size = 16 * MIB; size >= MIB; size /= 4) {
		u64 left = c.dev.info.vram_size - test_memory(&c.dev).vram_used;

		/* The tables of this address space need some room, too, or all begins anew. */
		for (; left > size + MIB; left -= size)
			leave_entries(&c, size);
	}
}

/* Beside a page that is mapped there is nothing, by as much as an entry of a level maps. */
static void expect_empty(struct pdd_client *c, u32 engine, u32 level)
{
	const u64 va = 1ULL << 44;
	struct pdd_bo bo = test_bo(c, PDD_PAGE, VRAM);
	struct pdd_ib ib = test_ib(c, 16);

	CHECK_OK(pdd_bind(c, &bo, 0, va, PDD_PAGE, 0));
	pdd_write32(&ib, va + (1ULL << PDDGPU_PT_SHIFT(level)), 1);
	test_job_fault(c, engine, &ib, PDDGPU_ERR_UNMAPPED);
}

/*
 * More tables than the one who left the entries had: some lie where its data were.
 * A client and a fault take half a second on the debug kernel, so each tries one level.
 */
static void no_forged_entries(const void *arg)
{
	static struct pdd_client clients[FRESH_CLIENTS];
	struct drm_pddgpu_info_memory before;
	struct pdd_dev dev;
	pid_t pid;

	(void)arg;
	CHECK_OK(pdd_open(&dev, 0));
	before = test_memory(&dev);
	pid = test_fork();
	if (!pid) {
		leave_entries_everywhere();
		_exit(0);
	}
	test_join(pid);
	test_settle(&dev, &before);
	for (u32 i = 0; i < FRESH_CLIENTS; i++) {
		test_client(&clients[i]);
		expect_empty(&clients[i], i & 1, i / 2 % PDDGPU_PT_LEVELS);
	}
}

/* --- Let go while jobs write ------------------------------------------- */

enum letting_go { UNBIND, CLOSE_HANDLES, DESTROY, CLOSE, DIE };

struct gone {
	enum letting_go how;
	u32 engine;
	u32 bind_flags;
};

/* Half of VRAM, which jobs that nobody waits for keep filling. */
struct writer {
	struct pdd_client c;
	struct pdd_bo *bos;
	u64 count;
};

static void writer_start(struct writer *w, const struct gone *gone)
{
	struct pdd_ib ib;

	test_client(&w->c);
	w->count = w->c.dev.info.vram_size / 2 / BO_SIZE;
	w->bos = calloc(w->count, sizeof(*w->bos));
	for (u64 i = 0; i < w->count; i++) {
		struct pdd_bo *bo = &w->bos[i];

		CHECK_OK(pdd_bo_create(&w->c.dev, BO_SIZE, VRAM, 0, bo));
		bo->va = pdd_va(&w->c, BO_SIZE);
		CHECK_OK(pdd_bind(&w->c, bo, 0, bo->va, BO_SIZE, gone->bind_flags));
	}
	ib = test_ib(&w->c, 6 * FILLS);
	for (u32 i = 0; i < FILLS; i++)
		pdd_fill(&ib, w->bos[i % w->count].va, BO_SIZE, 0xdead0000 + i);
	for (u32 job = 0; job < JOBS; job++)
		CHECK_OK(pdd_submit(&w->c, gone->engine, &ib, NULL));
}

static void writer_let_go(struct writer *w, enum letting_go how)
{
	struct drm_pddgpu_vm_destroy vm = { .vm_id = w->c.vm };
	struct drm_pddgpu_ctx_destroy ctx = { .ctx_id = w->c.ctx };

	for (u64 i = 0; how == UNBIND && i < w->count; i++)
		CHECK_OK(pdd_unbind(&w->c, w->bos[i].va, BO_SIZE));
	if (how == DESTROY) {
		CHECK_OK(pdd_ioctl(w->c.dev.fd, DRM_IOCTL_PDDGPU_CTX_DESTROY, &ctx));
		CHECK_OK(pdd_ioctl(w->c.dev.fd, DRM_IOCTL_PDDGPU_VM_DESTROY, &vm));
	}
	for (u64 i = 0; how <= DESTROY && i < w->count; i++)
		pdd_bo_free(&w->c.dev, &w->bos[i]);
	if (how == CLOSE)
		pdd_client_close(&w->c);
	if (how == DIE)
		raise(SIGKILL);
}

static void writer(const struct gone *gone, volatile int *let_go)
{
	struct writer w;

	writer_start(&w, gone);
	*let_go = gone->how == DIE;
	writer_let_go(&w, gone->how);
	*let_go = 1;
	sleep_ms(60000);
}

/* CRC of a buffer whose first half is filled with a word, and the rest as it came. */
static u32 half_filled(u32 word)
{
	const u32 byte = 0;
	struct crc_shift half;

	crc_shift_init(&half, BO_SIZE / 2);
	return crc_append(&half, crc32_repeat(crc32(0, &word, 4), 4, BO_SIZE / 8),
			  crc32_repeat(crc32(0, &byte, 1), 1, BO_SIZE / 2));
}

/* Takes what the writer had, as soon as it can be had, and finds what it put there itself. */
static void take_over(struct pdd_client *c)
{
	const u64 count = c->dev.info.vram_size / 100 * 90 / BO_SIZE;
	struct pdd_bo *bos = calloc(count, sizeof(*bos));
	struct pdd_ib ib = test_ib(c, 16);

	for (u64 i = 0; i < count; i++)
		CHECK_OK(pdd_bo_new(c, BO_SIZE, VRAM, 0, &bos[i]));
	for (u64 i = 0; i < count; i++) {
		pdd_fill(&ib, bos[i].va, BO_SIZE / 2, i + 1);
		CHECK_OK(pdd_run(c, COPY, &ib, NULL, 0));
	}
	/* All that the writer has queued is over by then. */
	sleep_ms(500);
	for (u64 i = 0; i < count; i++)
		CHECK_EQ(test_gpu_crc(c, &bos[i]), half_filled(i + 1));
	free(bos);
}

static void let_go_while_busy(const void *arg)
{
	volatile int *let_go = mmap(NULL, PDD_PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const u64 end = now_ns() + LATE_NS;
	struct pdd_client c;
	pid_t pid = test_fork();

	if (!pid)
		writer(arg, let_go);
	test_client(&c);
	while (!*let_go && now_ns() < end)
		sleep_ms(1);
	CHECK(*let_go);
	take_over(&c);
	kill(pid, SIGKILL);
	CHECK_EQ(test_wait(pid), 128 + SIGKILL);
	pdd_client_close(&c);
	test_check_alive(0);
}

static const u32 on_copy = COPY, on_compute = COMPUTE;

#define ROW(name_, what_, engine_, domain_, size_, flags_)		\
	{ .name = "isolation." #name_ "_" what_, .run = name_,		\
	  .arg = &(const struct row){ engine_, domain_, size_, flags_ } }
#define ROWS(name_)							\
	ROW(name_, "4k_copy", COPY, VRAM, 8 * PDD_PAGE, 0),		\
	ROW(name_, "4k_compute", COMPUTE, VRAM, 8 * PDD_PAGE, 0),	\
	ROW(name_, "2m_copy", COPY, VRAM, PDD_LARGE_PAGE, 0),		\
	ROW(name_, "2m_compute", COMPUTE, VRAM, PDD_LARGE_PAGE, 0),	\
	ROW(name_, "2m_as_4k_copy", COPY, VRAM, PDD_LARGE_PAGE, DRM_PDDGPU_VM_BIND_SMALL_PAGES), \
	ROW(name_, "gtt_copy", COPY, GTT, 8 * PDD_PAGE, 0),		\
	ROW(name_, "gtt_compute", COMPUTE, GTT, 8 * PDD_PAGE, 0)

#define GONE(name_, how_)						\
	{ .name = "isolation.busy_" name_ "_copy", .run = let_go_while_busy, .timeout = 60, \
	  .arg = &(const struct gone){ how_, COPY, 0 } },		\
	{ .name = "isolation.busy_" name_ "_compute", .run = let_go_while_busy, .timeout = 60, \
	  .arg = &(const struct gone){ how_, COMPUTE, 0 } },		\
	{ .name = "isolation.busy_" name_ "_4k", .run = let_go_while_busy, .timeout = 60, \
	  .arg = &(const struct gone){ how_, COMPUTE, DRM_PDDGPU_VM_BIND_SMALL_PAGES } }

#define BOTH(name_, run_)						\
	{ .name = "isolation." name_ "_copy", .run = run_, .arg = &on_copy }, \
	{ .name = "isolation." name_ "_compute", .run = run_, .arg = &on_compute }

static const struct test tests[] = {
	ROWS(after_unmap),
	ROWS(after_remap),
	BOTH("split_large_page", split),
	BOTH("tables_taken_over", tables_taken_over),
	BOTH("no_old_entries", no_old_entries),
	{ .name = "isolation.no_forged_entries", .run = no_forged_entries },
	GONE("unbind", UNBIND), GONE("close_handles", CLOSE_HANDLES), GONE("destroy", DESTROY),
	GONE("close", CLOSE), GONE("die", DIE),
};

TEST_GROUP(stale_tests, tests);
