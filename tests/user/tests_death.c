// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Cards that die.  Each of these tests costs the first card its life: the guest
 * needs a card for each, and one for each death of --deaths, see scripts/vm
 * --cards and --may-die.  The driver gives the card up, whoever used it hears of
 * it within a second, and what is left can be closed, unmapped and removed.
 */
#include "test_crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_NS	1000000000ULL
#define PACKETS		300	/* within which a busy card dies */
#define DRIVER		"/sys/bus/pci/drivers/pddgpu/"
#define DEVICES		"/sys/bus/pci/devices/"

/* The card that is to die, and how to tell it to. */
struct victim {
	char pci[32];
	char link[80];		/* there as long as the driver is bound */
	volatile u32 *vanish;
};

static struct victim find_victim(void)
{
	struct victim v;
	struct pdd_dev dev;

	CHECK_OK(pdd_open(&dev, 0));
	v.vanish = &test_registers(&dev)[PDDGPU_REG_INJECT_VANISH / 4];
	strcpy(v.pci, dev.pci);
	snprintf(v.link, sizeof(v.link), DRIVER "%s", dev.pci);
	pdd_close(&dev);
	return v;
}

static int tell_device(const struct victim *v, const char *file)
{
	char path[80];

	snprintf(path, sizeof(path), DEVICES "%s/%s", v->pci, file);
	return write_text(path, "1");
}

/*
 * The driver has let go of it by itself.  QEMU waits 5 s for each of several answers, and
 * of 1,000 deaths one took more than 10 s on a busy host; check_in_time() is for what
 * clients see.
 */
static void wait_for_unbind(const struct victim *v)
{
	const u64 end = now_ns() + test_late_ns(30 * SECOND_NS);

	while (!access(v->link, F_OK)) {
		if (now_ns() > end)
			FAIL("the driver holds on to a card that is gone");
		sleep_ms(5);
	}
}

/* The slot is as empty for the kernel as it is; whoever comes next gets another card. */
static void bury(const struct victim *v)
{
	CHECK_OK(tell_device(v, "remove"));
	if (pdd_count())
		test_check_alive(0);
}

/*
 * Fences signal within a second of the card's last deed, on a machine that has the
 * time.  QEMU has not: what it had asked a card that is gone it waits for, for 5 s.
 */
static void check_in_time(struct crowd *crowd, u64 usual)
{
	const u64 limit = test_late_ns(SECOND_NS) + 8 * usual + crowd->stall_ns;
	u64 last = crowd_max(crowd, last_ok_ns), gone = crowd_max(crowd, gone_ns);

	if (gone > last + limit)
		FAIL("the last client heard of it after %llu ms, not %llu at most",
		     (gone - last) / 1000000, limit / 1000000);
	if (crowd_max(crowd, worst_ns) > limit)
		FAIL("a fence took %llu ms, not %llu at most",
		     crowd_max(crowd, worst_ns) / 1000000, limit / 1000000);
}

/* One death in the midst of life, each another one. */
static void die(u64 seed, u32 packets)
{
	struct victim v = find_victim();
	struct crowd *crowd = crowd_start(2 + random_next(&seed) % 4, seed);
	u64 usual = crowd_max(crowd, worst_ns);

	*v.vanish = packets;
	wait_for_unbind(&v);
	crowd_join(crowd);
	check_in_time(crowd, usual);
	bury(&v);
}

static void at_once(const void *arg)
{
	(void)arg;
	die(test_options.seed, 0);
}

static void in_a_packet(const void *arg)
{
	u64 seed = test_options.seed * 1000003 + *(const u32 *)arg;

	die(seed, 1 + random_next(&seed) % PACKETS);
}

/* Nobody uses it, so nobody notices, but for the one who comes too late. */
static void idle(const void *arg)
{
	struct victim v = find_victim();
	struct pdd_client c;
	struct pdd_ib ib;
	u64 start;
	u32 out;

	(void)arg;
	test_client(&c);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 0);
	CHECK_OK(pdd_run(&c, DRM_PDDGPU_ENGINE_COPY, &ib, NULL, 0));
	pdd_nop(&ib, 0);
	*v.vanish = 0;
	start = now_ns();
	if (!pdd_submit_out(&c, DRM_PDDGPU_ENGINE_COPY, &ib, NULL, 0, &out))
		CHECK(pdd_finish(&c.dev, out) < 0);
	CHECK(now_ns() - start < test_late_ns(2 * SECOND_NS));
	wait_for_unbind(&v);
	pdd_client_close(&c);
	bury(&v);
}

/* It dies in one of the first packets that it ever gets: probe fails, and that is all. */
static void while_probing(const void *arg)
{
	struct victim v = find_victim();

	CHECK_OK(write_text(DRIVER "unbind", v.pci));
	*v.vanish = *(const u32 *)arg;
	CHECK(write_text(DRIVER "bind", v.pci) < 0);
	CHECK(access(v.link, F_OK));
	bury(&v);
}

/* The driver is told to let go while, or a moment before, the card does. */
static void while_unbinding(const void *arg)
{
	u64 seed = test_options.seed;
	struct victim v = find_victim();
	struct crowd *crowd = crowd_start(4, seed);
	u64 usual = crowd_max(crowd, worst_ns);

	(void)arg;
	*v.vanish = random_next(&seed) % 20;
	write_text(DRIVER "unbind", v.pci);
	wait_for_unbind(&v);
	crowd_join(crowd);
	check_in_time(crowd, usual);
	bury(&v);
}

/* The module goes with the card still there in name, and comes back for the others. */
static void unload(const void *arg)
{
	struct victim v = find_victim();
	struct crowd *crowd = crowd_start(4, test_options.seed);
	char command[200];

	(void)arg;
	*v.vanish = 1;
	wait_for_unbind(&v);
	crowd_join(crowd);
	CHECK_EQ(system("rmmod pddgpu"), 0);
	CHECK_OK(tell_device(&v, "remove"));
	snprintf(command, sizeof(command), "insmod %s", test_options.module);
	CHECK_EQ(system(command), 0);
	for (int ms = 0; ms < 5000 && !pdd_count(); ms += 10)
		sleep_ms(10);
	if (pdd_count())
		test_check_alive(0);
}

/* --- In the middle of something --------------------------------------------- */

#define MAX_BOS		4

/* What the machine asks of the card, in which packet it dies of that, with how many buffers. */
struct order {
	int (*give)(const struct victim *v);
	u32 packets;
	u32 num_bos;
};

static int suspend(const struct victim *v)
{
	(void)v;
	return test_suspend();
}

static int reset(const struct victim *v)
{
	return tell_device(v, "reset");
}

/* Of page tables, which nobody waits for otherwise: from here on the card is idle. */
static void wait_for_updates(struct pdd_client *c)
{
	struct pdd_ib ib = test_ib(c, 16);

	for (u32 engine = 0; engine < PDDGPU_NUM_ENGINES; engine++) {
		pdd_nop(&ib, 0);
		CHECK_OK(pdd_run(c, engine, &ib, NULL, 0));
	}
}

/*
 * Whatever the order comes to, the machine does not wait for the card, which is given
 * up.  Who used it hears of it, can still look at what is mapped, and leave.
 */
static void ordered(const void *arg)
{
	const struct order *order = arg;
	struct victim v = find_victim();
	struct drm_pddgpu_info_memory mem;
	struct pdd_bo bos[MAX_BOS];
	struct pdd_client c;
	u64 end;

	test_client(&c);
	for (u32 i = 0; i < order->num_bos; i++) {
		bos[i] = test_bo(&c, 4 * MIB, VRAM);
		test_pattern(bos[i].map, PDD_PAGE, i);
	}
	wait_for_updates(&c);
	*v.vanish = order->packets;
	order->give(&v);
	wait_for_unbind(&v);
	/* The link in sysfs goes a moment earlier. */
	for (end = now_ns() + test_late_ns(SECOND_NS); pdd_memory(&c.dev, &mem) != -ENODEV;
	     sleep_ms(5))
		CHECK(now_ns() < end);
	for (u32 i = 0; i < order->num_bos; i++)
		*(volatile u32 *)bos[i].map = *(volatile u32 *)(bos[i].map + PDD_PAGE);
	pdd_client_close(&c);
	bury(&v);
}

/* A reset, which waits for a busy card: it dies of what it has to do until then. */
static void reset_busy(const void *arg)
{
	struct victim v = find_victim();
	u64 seed = test_options.seed, usual;
	struct crowd *crowd = crowd_start(4, seed);

	(void)arg;
	usual = crowd_max(crowd, worst_ns);
	*v.vanish = 1 + random_next(&seed) % 20;
	reset(&v);
	wait_for_unbind(&v);
	crowd_join(crowd);
	check_in_time(crowd, usual);
	bury(&v);
}

/* As often as --deaths says. */
static void often(const void *arg)
{
	(void)arg;
	for (u32 i = 0; i < test_options.deaths; i++) {
		u64 seed = test_options.seed * 1000003 + 100 + i;

		if (!pdd_count())
			FAIL("death %u of %u finds no card", i + 1, test_options.deaths);
		printf("# death %u: seed %llu\n", i + 1, seed);
		fflush(stdout);
		die(seed, 1 + random_next(&seed) % PACKETS);
	}
}

static const u32 numbers[] = { 0, 1, 2, 3 };

#define DEATH(name_, ...)						\
	{ .name = "death." name_, .timeout = 120, .changes_cards = true, __VA_ARGS__ }

/* Without buffers a suspend takes twenty packets, most of them NOPs, and a resume more. */
#define ORDER(name_, give_, packets_, num_bos_)				\
	DEATH(name_, .run = ordered, .arg = &(const struct order){ give_, packets_, num_bos_ })

static const struct test tests[] = {
	DEATH("at_once", .run = at_once),
	DEATH("in_a_packet_1", .run = in_a_packet, .arg = &numbers[1]),
	DEATH("in_a_packet_2", .run = in_a_packet, .arg = &numbers[2]),
	DEATH("in_a_packet_3", .run = in_a_packet, .arg = &numbers[3]),
	DEATH("idle", .run = idle),
	DEATH("while_probing_at_once", .run = while_probing, .arg = &numbers[0]),
	DEATH("while_probing", .run = while_probing, .arg = &numbers[2]),
	DEATH("while_unbinding", .run = while_unbinding),
	DEATH("unload", .run = unload),
	ORDER("suspend_evicting", suspend, 2, MAX_BOS),
	ORDER("suspend_saving", suspend, 14, 0),
	ORDER("resume", suspend, 40, 0),
	ORDER("before_reset", reset, 0, MAX_BOS),
	ORDER("after_reset", reset, 1, MAX_BOS),
	DEATH("reset_busy", .run = reset_busy),
	{ .name = "death.often", .run = often, .timeout = 1200, .changes_cards = true },
};

TEST_GROUP(death_tests, tests);
