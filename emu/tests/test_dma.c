// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define PAGE		0x1000ULL
#define WINDOW(a, s)	(&(struct dma_window){ .iova = (a), .size = (s), .writable = true })

/* Windows of their own, of the rig's guest memory. */
static struct dma dma;

static int setup(void **state)
{
	memset(&dma, 0, sizeof(dma));
	dma.bits = 40;
	return rig_setup(state);
}

static int teardown(void **state)
{
	dma_unmap_all(&dma);
	return rig_teardown(state);
}

static void map_find_unmap(void **state)
{
	struct rig *rig = *state;
	size_t size = 100;
	uint8_t *host;

	rig->guest[PAGE + 5] = 0x5a;
	assert_int_equal(dma_map(&dma, WINDOW(0x10000, 2 * PAGE), rig->guest_fd, PAGE), 0);
	host = dma_host(&dma, 0x10005, false, &size);
	assert_non_null(host);
	assert_int_equal(*host, 0x5a);
	assert_int_equal(size, 100);
	size = 3 * PAGE;
	assert_non_null(dma_host(&dma, 0x10000 + PAGE, true, &size));
	assert_int_equal(size, PAGE);
	assert_int_equal(dma_unmap(&dma, 0x10000, 2 * PAGE), 0);
	assert_null(dma_host(&dma, 0x10005, false, &size));
}

static void bad_ranges_are_refused(void **state)
{
	struct rig *rig = *state;
	int fd = rig->guest_fd, pipes[2];

	assert_int_equal(dma_map(&dma, WINDOW(0, 0), fd, 0), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0x800, PAGE), fd, 0), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0, PAGE + 1), fd, 0), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0, PAGE), fd, 8), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(-PAGE, 2 * PAGE), fd, 0), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0, PAGE), fd, RIG_GUEST_SIZE), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0, RIG_GUEST_SIZE), fd, PAGE), -EINVAL);
	assert_int_equal(dma_map(&dma, WINDOW(0, PAGE), fd, -PAGE), -EINVAL);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dma_map(&dma, WINDOW(0, PAGE), pipes[0], 0), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(dma.count, 0);
}

static void overlaps_are_refused(void **state)
{
	struct rig *rig = *state;
	int fd = rig->guest_fd;

	assert_int_equal(dma_map(&dma, WINDOW(0x10000, 4 * PAGE), fd, 0), 0);
	assert_int_equal(dma_map(&dma, WINDOW(0x10000, 4 * PAGE), fd, 0), -EEXIST);
	assert_int_equal(dma_map(&dma, WINDOW(0x11000, PAGE), fd, 0), -EEXIST);
	assert_int_equal(dma_map(&dma, WINDOW(0xf000, 2 * PAGE), fd, 0), -EEXIST);
	assert_int_equal(dma_map(&dma, WINDOW(0x13000, 2 * PAGE), fd, 0), -EEXIST);
	assert_int_equal(dma_map(&dma, WINDOW(0x8000, 0x20000), fd, 0), -EEXIST);
	assert_int_equal(dma_map(&dma, WINDOW(0xf000, PAGE), fd, 0), 0);
	assert_int_equal(dma_map(&dma, WINDOW(0x14000, PAGE), fd, 0), 0);
	assert_int_equal(dma.count, 3);
}

static void only_an_exact_range_is_unmapped(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(dma_unmap(&dma, 0, PAGE), -ENOENT);
	assert_int_equal(dma_map(&dma, WINDOW(0x10000, 4 * PAGE), rig->guest_fd, 0), 0);
	assert_int_equal(dma_unmap(&dma, 0x10000, PAGE), -ENOENT);
	assert_int_equal(dma_unmap(&dma, 0x11000, 3 * PAGE), -ENOENT);
	assert_int_equal(dma_unmap(&dma, 0x20000, PAGE), -ENOENT);
	assert_int_equal(dma.count, 1);
}

static void the_last_window_of_all_addresses(void **state)
{
	struct rig *rig = *state;
	size_t size = 1;

	dma.bits = 52;
	assert_int_equal(dma_map(&dma, WINDOW(-PAGE, PAGE), rig->guest_fd, 0), 0);
	assert_int_equal(dma_map(&dma, WINDOW(-2 * PAGE, PAGE), rig->guest_fd, 0), 0);
	assert_int_equal(dma_map(&dma, WINDOW(-PAGE, PAGE), rig->guest_fd, 0), -EEXIST);
	assert_null(dma_host(&dma, -1ULL, false, &size));
	assert_int_equal(dma_unmap(&dma, -PAGE, PAGE), 0);
}

static void a_window_without_memory_cannot_be_reached(void **state)
{
	size_t size = 1;

	(void)state;
	assert_int_equal(dma_map(&dma, WINDOW(0x10000, PAGE), -1, 0), 0);
	assert_null(dma_host(&dma, 0x10000, false, &size));
	assert_int_equal(dma_unmap(&dma, 0x10000, PAGE), 0);
}

static void read_only_windows_are(void **state)
{
	struct rig *rig = *state;
	struct dma_window window = { .iova = 0x10000, .size = PAGE };
	size_t size = 1;

	assert_int_equal(dma_map(&dma, &window, rig->guest_fd, 0), 0);
	assert_non_null(dma_host(&dma, 0x10000, false, &size));
	assert_null(dma_host(&dma, 0x10000, true, &size));
}

static void addresses_beyond_the_dma_mask(void **state)
{
	struct rig *rig = *state;
	size_t size = 1;

	dma.bits = 32;
	assert_int_equal(dma_map(&dma, WINDOW(0xfffff000, 2 * PAGE), rig->guest_fd, 0), 0);
	assert_non_null(dma_host(&dma, 0xffffffff, false, &size));
	assert_null(dma_host(&dma, 0x100000000, false, &size));
}

static void too_many_windows(void **state)
{
	struct rig *rig = *state;

	for (uint64_t i = 0; i < DMA_MAX_WINDOWS; i++)
		assert_int_equal(dma_map(&dma, WINDOW(i * 2 * PAGE, PAGE), -1, 0), 0);
	assert_int_equal(dma_map(&dma, WINDOW(PAGE, PAGE), rig->guest_fd, 0), -ENOSPC);
	assert_int_equal(dma_unmap(&dma, 0, PAGE), 0);
	assert_int_equal(dma_map(&dma, WINDOW(PAGE, PAGE), rig->guest_fd, 0), 0);
}

/* --- Against running engines -------------------------------------------- */

static void *unmap_and_map(void *arg)
{
	struct rig *rig = arg;

	for (int i = 0; i < 200; i++) {
		card_pause(rig->card);
		dma_unmap(&rig->card->dma, RIG_GUEST_BUS, RIG_GUEST_SIZE);
		card_resume(rig->card);
		usleep(100);
		card_pause(rig->card);
		dma_map(&rig->card->dma, WINDOW(RIG_GUEST_BUS, RIG_GUEST_SIZE), rig->guest_fd, 0);
		card_resume(rig->card);
	}
	return NULL;
}

/*
 * Either a copy finds all of guest memory, or it halts with ERR_BUS; ASan or a
 * SIGSEGV tells if it ever touched a window that had gone.
 */
static int copy_guest(struct rig *rig)
{
	return rig_run(rig, COPY, WORDS(PDDGPU_PKT(PDDGPU_OP_COPY, 0, PDDGPU_COPY_COUNT),
					LOHI(PDDGPU_GART_START), LOHI(RIG_DATA),
					LOHI(RIG_GUEST_SIZE)));
}

static void unmap_while_an_engine_copies(void **state)
{
	struct rig *rig = *state;
	pthread_t thread;

	for (uint64_t i = 0; i < RIG_GART_ENTRIES; i++)
		*rig_entry(rig, RIG_GART + 8 * i) = (RIG_GUEST_BUS + i * PAGE) | PTE_RW |
						    PDDGPU_PTE_SYSTEM;
	memset(rig->guest, 0x5a, RIG_GUEST_SIZE);
	assert_int_equal(pthread_create(&thread, NULL, unmap_and_map, rig), 0);
	for (int i = 0; i < 300; i++) {
		int err = copy_guest(rig);

		assert_true(err == 0 || err == -PDDGPU_ERR_BUS);
		if (err)
			rig_reset_engine(rig, COPY);
	}
	pthread_join(thread, NULL);
	memset(rig->card->vram + RIG_DATA, 0, RIG_GUEST_SIZE);
	assert_int_equal(copy_guest(rig), 0);
	assert_memory_equal(rig->card->vram + RIG_DATA, rig->guest, RIG_GUEST_SIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(map_find_unmap),
		TEST(bad_ranges_are_refused),
		TEST(overlaps_are_refused),
		TEST(only_an_exact_range_is_unmapped),
		TEST(the_last_window_of_all_addresses),
		TEST(a_window_without_memory_cannot_be_reached),
		TEST(read_only_windows_are),
		TEST(addresses_beyond_the_dma_mask),
		TEST(too_many_windows),
		TEST(unmap_while_an_engine_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
