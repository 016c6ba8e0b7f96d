// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A card that does wrong, in each way that it has a switch for, while a crowd of
 * clients uses it.  Their data stay right, their fences signal in time, nobody
 * loses more than the fault must cost, and in the end the card works again, or is
 * given up and can be had back.
 */
#include "test_crowd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define MEMBERS		4
#define SECOND_NS	1000000000ULL
#define BUSY		3	/* jobs of each member between two orders */
#define WEDGE_S		5	/* seconds until no reset has helped */
#define DRIVER		"/sys/bus/pci/drivers/pddgpu/"

/*
 * One kind of fault.  A job that is hit fails, and if the card says that it hangs its
 * context is banned: that many of each may be lost a round.
 */
struct row {
	u32 reg;			/* PDDGPU_REG_INJECT_* */
	u32 value;
	u32 rounds;
	u32 failed;
	u32 banned;
	u32 flags;
#define UNDO	BIT(0)			/* by writing 0 after each round */
#define SLOW	BIT(1)			/* fences may take their time */
};

static volatile u32 *registers(struct pdd_dev *dev)
{
	CHECK_OK(pdd_open(dev, 0));
	return test_registers(dev);
}

/* The guest's own orders that count down or stay. */
static void take_back_orders(volatile u32 *reg)
{
	const u32 orders[] = {
		PDDGPU_REG_INJECT_HANG, PDDGPU_REG_INJECT_LOSE_IRQ, PDDGPU_REG_INJECT_STORM_IRQ,
		PDDGPU_REG_INJECT_FENCE, PDDGPU_REG_INJECT_DMA_ERROR, PDDGPU_REG_INJECT_SLOW,
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		reg[orders[i] / 4] = 0;
}

/*
 * What a fence may take: a second for each fault that it is behind, and what it took
 * on this machine with nothing wrong.
 */
static u64 fence_limit(struct crowd *crowd, u32 faults)
{
	return faults * test_late_ns(SECOND_NS) + 4 * crowd_max(crowd, worst_ns);
}

static void check_losses(struct crowd *crowd, u64 failed, u64 banned)
{
	if (crowd_sum(crowd, failed) > failed || crowd_sum(crowd, banned) > banned)
		FAIL("%llu jobs failed and %llu contexts were banned, not %llu and %llu at most",
		     crowd_sum(crowd, failed), crowd_sum(crowd, banned), failed, banned);
}

static void check_fences(struct crowd *crowd, u64 limit)
{
	limit += crowd->stall_ns;
	if (crowd_max(crowd, worst_ns) > limit)
		FAIL("a fence took %llu ms, not %llu at most", crowd_max(crowd, worst_ns) / 1000000,
		     limit / 1000000);
}

static void fault(const void *arg)
{
	const struct row *row = arg;
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;
	u64 limit;

	reg = registers(&dev);
	crowd = crowd_start(MEMBERS, test_options.seed);
	crowd_go_on(crowd, BUSY);
	limit = fence_limit(crowd, row->failed ? row->failed : 1);
	for (u32 i = 0; i < row->rounds; i++) {
		reg[row->reg / 4] = row->value;
		crowd_go_on(crowd, BUSY);
		if (row->flags & UNDO)
			reg[row->reg / 4] = 0;
	}
	take_back_orders(reg);
	crowd_stop(crowd);
	CHECK_EQ(crowd_sum(crowd, lost), 0);
	check_losses(crowd, (u64)row->rounds * row->failed, (u64)row->rounds * row->banned);
	if (!(row->flags & SLOW))
		check_fences(crowd, limit);
	test_check_alive(0);
}

/* --- Memory that goes bad ------------------------------------------------- */

/* Anywhere in VRAM: whoever reads it fails, and writing heals; tables are worse. */
static void ecc(const void *arg)
{
	u64 seed = test_options.seed * 77 + *(const u32 *)arg;
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;

	reg = registers(&dev);
	crowd = crowd_start(MEMBERS, seed);
	for (u32 i = 0; i < 10; i++) {
		reg[PDDGPU_REG_INJECT_ECC / 4] = random_next(&seed) % (dev.info.vram_size / PDD_PAGE);
		crowd_go_on(crowd, 1);
	}
	crowd_stop(crowd);
	test_check_alive(0);
}

#define LOST_SIZE	MIB
#define BOS		3

/* Buffers where the CPU does not see them, one of which has a page that cannot be read. */
struct bad {
	struct pdd_client c;
	struct pdd_bo bos[BOS];		/* the middle one is it */
	u32 word;			/* that fills the first; the next has the next */
	int log;
};

static struct pdd_bo *bad_bo(struct bad *b)
{
	return &b->bos[BOS / 2];
}

/* Where a buffer lies in VRAM that is in one piece and filled with a word. */
static u64 find_in_vram(struct pdd_client *c, u32 word)
{
	static u32 chunk[MIB / 4];
	char path[128];
	int fd;

	CHECK_OK(pdd_debugfs(&c->dev, "vram_raw", path, sizeof(path)));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	for (u64 at = c->dev.info.vram_visible; pread(fd, chunk, MIB, at) == MIB; at += MIB)
		for (u64 i = 0; i < MIB / 4; i += PDD_PAGE / 4)
			if (chunk[i] == word && chunk[i + 1] == word) {
				close(fd);
				return at + i * 4;
			}
	FAIL("the buffer is nowhere in VRAM");
}

static void bad_begin(struct bad *b)
{
	const u32 flags = DRM_PDDGPU_GEM_VRAM_CONTIGUOUS;
	struct pdd_ib ib;
	u64 address;

	test_client(&b->c);
	ib = test_ib(&b->c, 16);
	/* One that nobody has left in VRAM before. */
	b->word = now_ns() / 1000 * 16;
	for (u32 i = 0; i < BOS; i++) {
		CHECK_OK(pdd_bo_new(&b->c, LOST_SIZE, VRAM, flags, &b->bos[i]));
		pdd_fill(&ib, b->bos[i].va, LOST_SIZE, b->word + i);
		CHECK_OK(pdd_run(&b->c, COMPUTE, &ib, NULL, 0));
	}
	b->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(b->log >= 0 && lseek(b->log, 0, SEEK_END) >= 0);
	address = find_in_vram(&b->c, b->word + BOS / 2) + LOST_SIZE / 2;
	test_registers(&b->c.dev)[PDDGPU_REG_INJECT_ECC / 4] = address / PDD_PAGE;
}

/* Lines of the kernel's log since then. */
static u32 count_in_log(int log, const char *text)
{
	char line[1024];
	u32 n = 0;
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		line[len < 0 ? 0 : len] = 0;
		n += strstr(line, text) != NULL;
	}
	return n;
}

/* How a process ends that looks at it. */
static int touch(struct pdd_client *c, struct pdd_bo *bo)
{
	if (!bo->map)
		CHECK_OK(pdd_bo_map(&c->dev, bo));
	return test_touch(bo->map);
}

static u32 crc_of_words(u32 word)
{
	return crc32_repeat(crc32(0, &word, 4), 4, LOST_SIZE / 4);
}

/* Its owner's jobs find zeroes, the CPU nothing at all; nobody else notices. */
static void check_lost(struct bad *b)
{
	struct drm_pddgpu_ctx_query query;

	CHECK_EQ(touch(&b->c, bad_bo(b)), 128 + SIGBUS);
	CHECK_EQ(test_gpu_crc(&b->c, bad_bo(b)), crc_of_words(0));
	CHECK_EQ(touch(&b->c, bad_bo(b)), 128 + SIGBUS);
	for (u32 i = 0; i < BOS; i++) {
		if (&b->bos[i] == bad_bo(b))
			continue;
		CHECK_EQ(test_gpu_crc(&b->c, &b->bos[i]), crc_of_words(b->word + i));
		CHECK_EQ(touch(&b->c, &b->bos[i]), 0);
		test_check_words(b->bos[i].map, LOST_SIZE, b->word + i);
	}
	CHECK_OK(pdd_ctx_query(&b->c, b->c.ctx, &query));
	CHECK_EQ(query.flags, 0);
	CHECK_EQ(count_in_log(b->log, "the contents of a buffer are lost"), 1);
	test_check_alive(0);
}

/* The CPU wants to see it, so it moves within VRAM. */
static void ecc_lost_in_fault(const void *arg)
{
	struct bad b;

	(void)arg;
	bad_begin(&b);
	check_lost(&b);
}

/* Somebody else needs the room, so all of them move to GTT. */
static void ecc_lost_in_eviction(const void *arg)
{
	struct drm_pddgpu_gem_info info;
	struct bad b;

	(void)arg;
	bad_begin(&b);
	for (u64 at = 0; at < b.c.dev.info.vram_size; at += 16 * MIB) {
		struct drm_pddgpu_gem_create create = { .size = 16 * MIB, .domains = VRAM };

		CHECK_OK(pdd_ioctl(b.c.dev.fd, DRM_IOCTL_PDDGPU_GEM_CREATE, &create));
	}
	CHECK_OK(pdd_bo_info(&b.c.dev, bad_bo(&b), &info));
	CHECK_EQ(info.placement, GTT);
	check_lost(&b);
}

/* --- Noise in the fault ring's write pointer ------------------------------- */

static void fault_wptr(const void *arg)
{
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;
	struct pdd_client c;
	struct pdd_ib ib;

	(void)arg;
	reg = registers(&dev);
	crowd = crowd_start(MEMBERS, test_options.seed);
	test_client(&c);
	ib = test_ib(&c, 16);
	reg[PDDGPU_REG_INJECT_FAULTS / 4] = PDDGPU_INJECT_FAULTS_WPTR;
	for (u32 i = 0; i < 20; i++) {
		pdd_packet(&ib, 0xee, 0, NULL, 0);
		CHECK_RET(pdd_run(&c, i & 1, &ib, NULL, 0), -EINVAL);
	}
	crowd_go_on(crowd, BUSY);
	crowd_stop(crowd);
	check_losses(crowd, 0, 0);
	/* The only way to get it to its senses. */
	reg[PDDGPU_REG_FAULT_SIZE / 4] = reg[PDDGPU_REG_FAULT_SIZE / 4];
	test_check_alive(0);
}

/* --- All at once ----------------------------------------------------------- */

/* But not ones: in the middle of a reset they end with a card that is given up. */
static const struct {
	u32 reg;
	u32 value;
} orders[] = {
	{ PDDGPU_REG_INJECT_HANG, BIT(COPY) },
	{ PDDGPU_REG_INJECT_HANG, BIT(COMPUTE) },
	{ PDDGPU_REG_INJECT_LOSE_IRQ, 10 },
	{ PDDGPU_REG_INJECT_STORM_IRQ, 100 },
	{ PDDGPU_REG_INJECT_FENCE, PDDGPU_INJECT_FENCE_STUCK | 1 << 8 },
	{ PDDGPU_REG_INJECT_FENCE, PDDGPU_INJECT_FENCE_FUTURE | 1 << 8 },
	{ PDDGPU_REG_INJECT_FENCE, PDDGPU_INJECT_FENCE_EARLY | 1 << 8 },
	{ PDDGPU_REG_INJECT_FENCE, PDDGPU_INJECT_FENCE_PAST | 1 << 8 },
	{ PDDGPU_REG_INJECT_FAULTS, 50 },
	{ PDDGPU_REG_INJECT_DMA_ERROR, 1 },
	{ PDDGPU_REG_INJECT_SLOW, 500 },
	{ PDDGPU_REG_INJECT_SLOW, 0 },
};

static void combined(const void *arg)
{
	u64 seed = test_options.seed * 1000003 + *(const u32 *)arg;
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;

	reg = registers(&dev);
	crowd = crowd_start(MEMBERS, seed);
	for (u32 i = 0; i < 12; i++) {
		size_t n = random_next(&seed) % ARRAY_SIZE(orders);

		reg[orders[n].reg / 4] = orders[n].value;
		if (random_next(&seed) & 1)
			crowd_go_on(crowd, 1);
	}
	take_back_orders(reg);
	crowd_go_on(crowd, BUSY);
	crowd_stop(crowd);
	test_check_alive(0);
}

/* --- A card that is given up ------------------------------------------------ */

static void wait_for(const char *path, bool there)
{
	const u64 end = now_ns() + test_late_ns(10 * SECOND_NS);

	while (!access(path, F_OK) != there) {
		if (now_ns() > end)
			FAIL("%s is%s there", path, there ? " not yet" : " still");
		sleep_ms(10);
	}
}

/* All ones for longer than any doubt: the driver lets go of the card, and it can be bound again. */
static void ones_long(const void *arg)
{
	char link[80];
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;
	u64 start, limit;

	(void)arg;
	reg = registers(&dev);
	snprintf(link, sizeof(link), DRIVER "%s", dev.pci);
	crowd = crowd_start(MEMBERS, test_options.seed);
	crowd_go_on(crowd, BUSY);
	limit = fence_limit(crowd, 1);
	start = now_ns();
	reg[PDDGPU_REG_INJECT_ONES / 4] = 5000;
	wait_for(link, false);
	crowd_stop(crowd);
	CHECK(crowd_sum(crowd, gone_ns));
	check_fences(crowd, limit);
	pdd_close(&dev);
	while (now_ns() - start < 5 * SECOND_NS)
		sleep_ms(50);
	CHECK_OK(write_text(DRIVER "bind", dev.pci));
	wait_for(link, true);
	test_check_alive(0);
}

/*
 * Nothing that the card wants of memory ends well, after no reset.  It is wedged, with
 * moves under way: whoever looks at a buffer finds what he left there, or that it is
 * lost.
 */
static void dma_error_for_ever(const void *arg)
{
	struct crowd *crowd;
	volatile u32 *reg;
	struct pdd_dev dev;
	u64 limit, end;

	(void)arg;
	reg = registers(&dev);
	crowd = crowd_start(MEMBERS, test_options.seed);
	crowd_go_on(crowd, BUSY);
	limit = fence_limit(crowd, WEDGE_S);
	/* A reset of the function takes the order back. */
	for (end = now_ns() + limit; !test_is_wedged(&dev); sleep_ms(1)) {
		reg[PDDGPU_REG_INJECT_DMA_ERROR / 4] = 1000000;
		CHECK(now_ns() < end);
	}
	for (end = now_ns() + limit; !crowd_sum(crowd, lost); sleep_ms(10))
		CHECK(now_ns() < end);
	sleep_ms(500);
	crowd_stop(crowd);
	check_fences(crowd, limit);
	CHECK_OK(write_text(DRIVER "unbind", dev.pci));
	pdd_close(&dev);
	CHECK_OK(write_text(DRIVER "bind", dev.pci));
	test_wait_for_card();
	test_check_alive(0);
}

static const u32 seeds[] = { 0, 1, 2, 3, 4, 5 };

#define FAULT(name_, reg_, value_, rounds_, failed_, banned_, flags_)	\
	{ .name = "hostile." name_, .run = fault, .timeout = 120,	\
	  .arg = &(const struct row){ PDDGPU_REG_INJECT_##reg_, value_, rounds_, failed_, \
				      banned_, flags_ } }
#define FENCE(mode, n)		(PDDGPU_INJECT_FENCE_##mode | (n) << 8)
#define COMBINED(n)							\
	{ .name = "hostile.combined_" #n, .run = combined, .arg = &seeds[n], .timeout = 120 }
#define ECC(n)								\
	{ .name = "hostile.ecc_" #n, .run = ecc, .arg = &seeds[n], .timeout = 120 }

static const struct test tests[] = {
	FAULT("hang_copy", HANG, BIT(COPY), 3, 1, 1, 0),
	FAULT("hang_compute", HANG, BIT(COMPUTE), 3, 1, 1, 0),
	FAULT("hang_both", HANG, BIT(COPY) | BIT(COMPUTE), 3, 2, 2, 0),
	FAULT("lose_irq", LOSE_IRQ, 20, 3, 0, 0, UNDO),
	FAULT("storm_irq", STORM_IRQ, 300, 2, 0, 0, SLOW),
	FAULT("fence_stuck", FENCE, FENCE(STUCK, 1), 3, 1, 1, 0),
	FAULT("fence_stuck_x5", FENCE, FENCE(STUCK, 5), 1, 5, 5, 0),
	FAULT("fence_future", FENCE, FENCE(FUTURE, 1), 3, 1, 1, 0),
	FAULT("fence_early", FENCE, FENCE(EARLY, 1), 3, 1, 1, 0),
	FAULT("fence_past", FENCE, FENCE(PAST, 1), 3, 1, 1, 0),
	FAULT("fault_noise", FAULTS, 200, 3, 0, 0, 0),
	{ .name = "hostile.fault_wptr", .run = fault_wptr, .timeout = 120 },
	FAULT("dma_error", DMA_ERROR, 1, 20, 1, 0, 0),
	FAULT("dma_error_x10", DMA_ERROR, 10, 2, 10, 2, 0),
	FAULT("slow", SLOW, 1000, 2, 0, 0, UNDO | SLOW),
	FAULT("ones_short", ONES, 40, 3, 2, 2, 0),
	{ .name = "hostile.ones_long", .run = ones_long, .timeout = 120, .changes_cards = true },
	{ .name = "hostile.dma_error_for_ever", .run = dma_error_for_ever, .timeout = 120,
	  .changes_cards = true },
	ECC(0), ECC(1),
	{ .name = "hostile.ecc_lost_in_fault", .run = ecc_lost_in_fault },
	{ .name = "hostile.ecc_lost_in_eviction", .run = ecc_lost_in_eviction },
	COMBINED(0), COMBINED(1), COMBINED(2), COMBINED(3), COMBINED(4), COMBINED(5),
};

TEST_GROUP(hostile_tests, tests);
