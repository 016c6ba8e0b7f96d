// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <drm/drm_print.h>

#include "../../pddgpu_dump.h"

#define VRAM_SIZE	SZ_1G
#define RW		(PDDGPU_PTE_VALID | PDDGPU_PTE_READ | PDDGPU_PTE_WRITE)
#define SYSTEM		PDDGPU_PTE_SYSTEM
#define LEAF		PDDGPU_PTE_LEAF
#define TEXT_SIZE	SZ_64K

struct judge_case {
	const char *name;
	u32 level;
	u64 entry;
	enum pddgpu_dump_entry want;
};

static const struct judge_case judge_cases[] = {
	{ "nothing", 0, 0, PDDGPU_DUMP_INVALID },
	{ "all but valid", 2, ~PDDGPU_PTE_VALID, PDDGPU_DUMP_INVALID },
	{ "a table", 3, SZ_2M | PDDGPU_PTE_VALID, PDDGPU_DUMP_TABLE },
	{ "a table at level 1", 1, SZ_4K | PDDGPU_PTE_VALID, PDDGPU_DUMP_TABLE },
	{ "the last table of VRAM", 2, (VRAM_SIZE - SZ_4K) | PDDGPU_PTE_VALID, PDDGPU_DUMP_TABLE },
	{ "a table beyond VRAM", 2, VRAM_SIZE | PDDGPU_PTE_VALID, PDDGPU_DUMP_BROKEN },
	{ "a table that may be read", 3, SZ_4K | RW, PDDGPU_DUMP_BROKEN },
	{ "a large leaf at level 2", 2, SZ_2M | RW | LEAF, PDDGPU_DUMP_BROKEN },
	{ "a leaf", 0, SZ_4K | RW, PDDGPU_DUMP_LEAF },
	{ "a leaf without rights", 0, SZ_4K | PDDGPU_PTE_VALID, PDDGPU_DUMP_LEAF },
	{ "a leaf beyond VRAM", 0, VRAM_SIZE | RW, PDDGPU_DUMP_BROKEN },
	{ "a leaf to the system", 0, VRAM_SIZE | RW | SYSTEM, PDDGPU_DUMP_LEAF },
	{ "a leaf with the bit of a large one", 0, SZ_2M | RW | LEAF, PDDGPU_DUMP_BROKEN },
	{ "a leaf with a high bit", 0, SZ_4K | RW | BIT_ULL(52), PDDGPU_DUMP_BROKEN },
	{ "a large leaf", 1, SZ_2M | RW | LEAF, PDDGPU_DUMP_LEAF },
	{ "a large leaf that is not aligned", 1, SZ_4K | RW | LEAF, PDDGPU_DUMP_BROKEN },
	{ "a large leaf at the end", 1, (VRAM_SIZE - SZ_2M) | RW | LEAF, PDDGPU_DUMP_LEAF },
	{ "a large leaf behind it", 1, VRAM_SIZE | RW | LEAF, PDDGPU_DUMP_BROKEN },
};

KUNIT_ARRAY_PARAM_DESC(judge, judge_cases, name);

static void entries_are_judged_as_the_card_does(struct kunit *test)
{
	const struct judge_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, pddgpu_dump_judge(c->level, c->entry, VRAM_SIZE), c->want);
}

static struct pddgpu_dump *dump_alloc(struct kunit *test)
{
	struct pddgpu_dump *dump = kunit_kzalloc(test, sizeof(*dump), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dump);
	dump->release = "1.2.3";
	dump->card.name = "0000:00:00.0";
	dump->engines[PDDGPU_ENGINE_COPY].name = "copy";
	dump->engines[PDDGPU_ENGINE_COMPUTE].name = "compute";
	return dump;
}

static const char *dump_text(struct kunit *test, const struct pddgpu_dump *dump)
{
	char *text = kunit_kzalloc(test, TEXT_SIZE, GFP_KERNEL);
	struct drm_print_iterator iter = { .data = text, .remain = TEXT_SIZE };
	struct drm_printer p = drm_coredump_printer(&iter);

	KUNIT_ASSERT_NOT_NULL(test, text);
	pddgpu_dump_print(dump, &p);
	KUNIT_ASSERT_LT(test, iter.offset, TEXT_SIZE - 1);
	return text;
}

#define EXPECT_HAS(text, want)	KUNIT_EXPECT_NOT_NULL(test, strstr(text, want))
#define EXPECT_LACKS(text, not)	KUNIT_EXPECT_NULL(test, strstr(text, not))

static void little_known_is_little_said(struct kunit *test)
{
	struct pddgpu_dump *dump = dump_alloc(test);
	const char *text;

	dump->card.gone = true;
	dump->job.kernel = true;
	dump->ib_error = -ENODEV;
	text = dump_text(test, dump);
	EXPECT_HAS(text, "gone: yes}\n");
	EXPECT_HAS(text, "process: {pid: 0, client: 0, kernel: yes, name: \"\"}\n");
	EXPECT_HAS(text, "  unread: -19\n");
	EXPECT_LACKS(text, "registers:");
	EXPECT_LACKS(text, "fault:");
	EXPECT_LACKS(text, "here:");
	KUNIT_EXPECT_TRUE(test, str_has_prefix(text, "format: 1\nreason: hang\n"));
	KUNIT_EXPECT_STREQ(test, text + strlen(text) - strlen("end: yes\n"), "end: yes\n");
}

static void names_cannot_lie(struct kunit *test)
{
	struct pddgpu_dump *dump = dump_alloc(test);

	memcpy(dump->job.comm, "\"}\n\xff\\\t'aaaaaaaa", TASK_COMM_LEN);
	EXPECT_HAS(dump_text(test, dump), "name: \"\\x22}\\x0a\\xff\\x5c\\x09'aaaaaaaa");
}

static void packet_in_the_middle_is_marked(struct kunit *test)
{
	struct pddgpu_dump *dump = dump_alloc(test);
	const char *text;

	dump->job.ib_dwords = 1000;
	dump->job.at = 510;
	dump->job.at_known = true;
	dump->ib_start = 500;
	dump->ib_dwords = 20;
	dump->ib[10] = PDDGPU_PKT(PDDGPU_OP_WRITE, 0, 3);
	dump->ib[13] = 0x1234;
	dump->ib[14] = PDDGPU_PKT(PDDGPU_OP_NOP, 0, 0xffff);
	text = dump_text(test, dump);
	EXPECT_HAS(text, "  - {at: 500, dwords: [0x00000000, ");
	EXPECT_HAS(text, "  - {at: 508, dwords: [0x00000000, 0x00000000]}\n");
	EXPECT_HAS(text, "  - {at: 510, packet: WRITE, flags: 0x0, count: 3, dwords: [");
	EXPECT_HAS(text, "[0x01000003, 0x00000000, 0x00000000, 0x00001234], here: yes}\n");
	/* Reaches past what there is. */
	EXPECT_HAS(text, "  - {at: 514, packet: NOP, flags: 0x0, count: 65535, ");
	EXPECT_LACKS(text, "{at: 520");
}

static void walk_says_where_it_ends(struct kunit *test)
{
	struct pddgpu_dump *dump = dump_alloc(test);
	struct pddgpu_dump_walk *walk = &dump->walks[0];
	const char *text;

	walk->of = "fault";
	walk->address = 0x123456789000;
	walk->first = 3;
	walk->num_levels = 3;
	walk->levels[0].step = (struct pddgpu_pt_step) { 0x1000, 36, PDDGPU_PT_TABLE };
	walk->levels[1].step = (struct pddgpu_pt_step) { 0x2000, 209, PDDGPU_PT_TABLE };
	walk->levels[1].is = PDDGPU_DUMP_FOREIGN;
	walk->levels[1].entry = 0x5001;
	walk->levels[2].step = (struct pddgpu_pt_step) { 0x3000, 179, PDDGPU_PT_LEAF };
	walk->levels[2].is = PDDGPU_DUMP_LEAF;
	walk->levels[2].entry = 0x200023;
	text = dump_text(test, dump);
	EXPECT_HAS(text, "- of: fault\n  address: 0x123456789000\n");
	EXPECT_HAS(text, "{level: 3, table: 0x1000, index: 36, is: unread, driver: table}\n");
	EXPECT_HAS(text, "{level: 2, table: 0x2000, index: 209, entry: 0x5001, is: foreign, ");
	EXPECT_HAS(text, "{level: 1, table: 0x3000, index: 179, entry: 0x200023, is: leaf, ");
	EXPECT_HAS(text, ", to: 0x200000, system: no, read: yes, write: no, driver: leaf}\n");
	EXPECT_LACKS(text, "- of: packet");
}

static struct kunit_case dump_test_cases[] = {
	KUNIT_CASE_PARAM(entries_are_judged_as_the_card_does, judge_gen_params),
	KUNIT_CASE(little_known_is_little_said),
	KUNIT_CASE(names_cannot_lie),
	KUNIT_CASE(packet_in_the_middle_is_marked),
	KUNIT_CASE(walk_says_where_it_ends),
	{}
};

static struct kunit_suite dump_test_suite = {
	.name = "pddgpu_dump",
	.test_cases = dump_test_cases,
};

kunit_test_suite(dump_test_suite);
