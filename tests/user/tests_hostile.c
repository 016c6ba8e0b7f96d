// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A card that does wrong, in each way that it has a switch for, while a crowd of
 * clients uses it.  Their data stay right, their fences signal in time, nobody
 * loses more than the fault must cost, and in the end the card works again, or is
 * given up and can be had back.
 */
#include "test_crowd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define MEMBERS		4
#define SECOND_NS	1000000000ULL
#define BUSY		3	/* jobs of each member between two orders */
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
	volatile u32 *reg;

	CHECK_OK(pdd_open(dev, 0));
	reg = pdd_registers(dev);
	if (!reg)
		FAIL("cannot map the registers: %s; is iomem=relaxed set?", strerror(errno));
	return reg;
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
	return faults * test_options.slow * SECOND_NS + 4 * crowd_max(crowd, worst_ns);
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
	const u64 end = now_ns() + 10 * SECOND_NS;

	while (!access(path, F_OK) != there) {
		if (now_ns() > end)
			FAIL("%s is%s there after 10 s", path, there ? " not" : " still");
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
	ECC(0), ECC(1),
	COMBINED(0), COMBINED(1), COMBINED(2), COMBINED(3), COMBINED(4), COMBINED(5),
};

TEST_GROUP(hostile_tests, tests);
