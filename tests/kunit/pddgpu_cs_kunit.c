// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/sizes.h>

#include <uapi/drm/pddgpu_drm.h>

#include "../../include/pddgpu_regs.h"
#include "../../pddgpu_bind.h"
#include "../../pddgpu_cs.h"
#include "../../pddgpu_vm.h"

/* --- CS ----------------------------------------------------------------- */

/* A submission that is all right, but for the fields that follow */
#define CS(...) {						\
	.ctx_id = 1, .engine = DRM_PDDGPU_ENGINE_COMPUTE,	\
	.ib_addr = PDDGPU_VM_START, .ib_dwords = 16,		\
	__VA_ARGS__						\
}

struct cs_case {
	const char *name;
	struct drm_pddgpu_cs args;
	int ret;
};

static const struct cs_case cs_cases[] = {
	{ "plain", CS(), 0 },
	{ "copy engine", CS(.engine = DRM_PDDGPU_ENGINE_COPY), 0 },
	{ "engine after the last", CS(.engine = PDDGPU_NUM_ENGINES), -EINVAL },
	{ "engine ~0", CS(.engine = ~0U), -EINVAL },
	{ "flag 0", CS(.flags = BIT(0)), -EINVAL },
	{ "flag 31", CS(.flags = BIT(31)), -EINVAL },
	{ "one dword", CS(.ib_dwords = 1), 0 },
	{ "no dword", CS(.ib_dwords = 0), -EINVAL },
	{ "most dwords", CS(.ib_dwords = PDDGPU_INDIRECT_MAX_DWORDS), 0 },
	{ "a dword too many", CS(.ib_dwords = PDDGPU_INDIRECT_MAX_DWORDS + 1), -EINVAL },
	{ "dwords that overflow in bytes", CS(.ib_dwords = BIT(30) + 1), -EINVAL },
	{ "address 4-byte aligned", CS(.ib_addr = PDDGPU_VM_START + 4), 0 },
	{ "address 2-byte aligned", CS(.ib_addr = PDDGPU_VM_START + 2), -EINVAL },
	{ "address odd", CS(.ib_addr = PDDGPU_VM_START + 1), -EINVAL },
	{ "address 0", CS(.ib_addr = 0), -EINVAL },
	{ "address below the lowest", CS(.ib_addr = PDDGPU_VM_START - 4), -EINVAL },
	{ "address of the last dwords", CS(.ib_addr = PDDGPU_VM_END - 64), 0 },
	{ "address past the last dwords", CS(.ib_addr = PDDGPU_VM_END - 60), -EINVAL },
	{ "address at the end", CS(.ib_addr = PDDGPU_VM_END), -EINVAL },
	{ "address that overflows", CS(.ib_addr = U64_MAX - 59), -EINVAL },
	{ "most buffers", CS(.num_bos = DRM_PDDGPU_CS_MAX_BOS), 0 },
	{ "a buffer too many", CS(.num_bos = DRM_PDDGPU_CS_MAX_BOS + 1), -E2BIG },
	{ "most syncobjs", CS(.num_syncs = DRM_PDDGPU_CS_MAX_SYNCS), 0 },
	{ "a syncobj too many", CS(.num_syncs = DRM_PDDGPU_CS_MAX_SYNCS + 1), -E2BIG },
};

KUNIT_ARRAY_PARAM_DESC(cs, cs_cases, name);

static void cs_argument(struct kunit *test)
{
	const struct cs_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, pddgpu_cs_check(&c->args), c->ret);
}

static void cs_no_buffers_are_fine(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(NULL, 0), 0);
}

static void cs_buffers_in_any_order_are_fine(struct kunit *test)
{
	const struct drm_pddgpu_cs_bo bos[] = {
		{ 7, 0 }, { U32_MAX, DRM_PDDGPU_CS_BO_WRITE }, { 1, 0 }, { 0, 0 }, { BIT(31), 0 },
	};

	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, ARRAY_SIZE(bos)), 0);
}

static void cs_handle_twice_returns_einval(struct kunit *test)
{
	const struct drm_pddgpu_cs_bo bos[] = {
		{ 7, 0 }, { 1, 0 }, { 9, 0 }, { 7, DRM_PDDGPU_CS_BO_WRITE },
	};

	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, ARRAY_SIZE(bos)), -EINVAL);
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, ARRAY_SIZE(bos) - 1), 0);
}

static void cs_longest_list_finds_the_one_duplicate(struct kunit *test)
{
	const u32 num = DRM_PDDGPU_CS_MAX_BOS;
	struct drm_pddgpu_cs_bo *bos;
	u32 i;

	bos = kunit_kcalloc(test, num, sizeof(*bos), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bos);
	for (i = 0; i < num; i++)
		bos[i].handle = num - i;
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, num), 0);
	bos[0].handle = bos[num - 1].handle;
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, num), -EINVAL);
}

static void cs_unknown_buffer_flags_return_einval(struct kunit *test)
{
	struct drm_pddgpu_cs_bo bos[] = { { 1, DRM_PDDGPU_CS_BO_WRITE }, { 2, 0 } };

	bos[1].flags = DRM_PDDGPU_CS_BO_WRITE << 1;
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, ARRAY_SIZE(bos)), -EINVAL);
	bos[1].flags = DRM_PDDGPU_CS_BO_WRITE | BIT(31);
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_bos(bos, ARRAY_SIZE(bos)), -EINVAL);
}

static void cs_unknown_sync_flags_return_einval(struct kunit *test)
{
	struct drm_pddgpu_sync syncs[] = {
		{ 1, 0, 0 }, { 1, DRM_PDDGPU_SYNC_SIGNAL, 5 }, { 1, 0, 0 },
	};

	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_syncs(syncs, ARRAY_SIZE(syncs)), 0);
	syncs[2].flags = DRM_PDDGPU_SYNC_SIGNAL << 1;
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_syncs(syncs, ARRAY_SIZE(syncs)), -EINVAL);
	syncs[2].flags = DRM_PDDGPU_SYNC_SIGNAL | BIT(31);
	KUNIT_EXPECT_EQ(test, pddgpu_cs_check_syncs(syncs, ARRAY_SIZE(syncs)), -EINVAL);
}

/* --- VM_BIND ------------------------------------------------------------ */

#define BIND(...) { .vm_id = 1, .num_ops = 1, .op_stride = 48, __VA_ARGS__ }

struct bind_case {
	const char *name;
	struct drm_pddgpu_vm_bind args;
	int ret;
};

static const struct bind_case bind_cases[] = {
	{ "plain", BIND(), 0 },
	{ "flag 0", BIND(.flags = BIT(0)), -EINVAL },
	{ "pad", BIND(.pad = 1), -EINVAL },
	{ "num_done is for output", BIND(.num_done = 1), 0 },
	{ "no operation", BIND(.num_ops = 0), -EINVAL },
	{ "most operations", BIND(.num_ops = DRM_PDDGPU_VM_BIND_MAX_OPS), 0 },
	{ "an operation too many", BIND(.num_ops = DRM_PDDGPU_VM_BIND_MAX_OPS + 1), -E2BIG },
};

KUNIT_ARRAY_PARAM_DESC(bind, bind_cases, name);

static void bind_argument(struct kunit *test)
{
	const struct bind_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, pddgpu_bind_check(&c->args), c->ret);
}

#define MAP(...) {						\
	.op = DRM_PDDGPU_VM_BIND_OP_MAP, .handle = 1,		\
	.addr = PDDGPU_VM_START, .range = SZ_64K,		\
	__VA_ARGS__						\
}

#define UNMAP(...) {						\
	.op = DRM_PDDGPU_VM_BIND_OP_UNMAP,			\
	.addr = PDDGPU_VM_START, .range = SZ_64K,		\
	__VA_ARGS__						\
}

struct op_case {
	const char *name;
	struct drm_pddgpu_vm_bind_op op;
	int ret;
};

static const struct op_case op_cases[] = {
	{ "map", MAP(), 0 },
	{ "map, all flags", MAP(.flags = DRM_PDDGPU_VM_BIND_READONLY |
					 DRM_PDDGPU_VM_BIND_SMALL_PAGES), 0 },
	{ "map, unknown flag", MAP(.flags = BIT(2)), -EINVAL },
	{ "map, flag 31", MAP(.flags = BIT(31)), -EINVAL },
	{ "map, pad", MAP(.pad = 1), -EINVAL },
	{ "map, offset", MAP(.bo_offset = SZ_4K), 0 },
	{ "map, offset not of a page", MAP(.bo_offset = SZ_2K), -EINVAL },
	{ "map, address not of a page", MAP(.addr = PDDGPU_VM_START + SZ_2K), -EINVAL },
	{ "map, address 0", MAP(.addr = 0), -EINVAL },
	{ "map, address below the lowest", MAP(.addr = PDDGPU_VM_START - SZ_4K), -EINVAL },
	{ "map, up to the end", MAP(.addr = PDDGPU_VM_END - SZ_64K), 0 },
	{ "map, past the end", MAP(.addr = PDDGPU_VM_END - SZ_64K + SZ_4K), -EINVAL },
	{ "map, at the end", MAP(.addr = PDDGPU_VM_END), -EINVAL },
	{ "map, range 0", MAP(.range = 0), -EINVAL },
	{ "map, range not of a page", MAP(.range = SZ_4K + 1), -EINVAL },
	{ "map, all there is", MAP(.range = PDDGPU_VM_END - PDDGPU_VM_START), 0 },
	{ "map, a page more", MAP(.range = PDDGPU_VM_END - PDDGPU_VM_START + SZ_4K), -EINVAL },
	{ "map, range that overflows", MAP(.range = ~0ULL << 12), -EINVAL },
	{ "map, address that overflows", MAP(.addr = ~0ULL << 12), -EINVAL },
	{ "unmap", UNMAP(), 0 },
	{ "unmap, all there is", UNMAP(.range = PDDGPU_VM_END - PDDGPU_VM_START), 0 },
	{ "unmap, handle", UNMAP(.handle = 1), -EINVAL },
	{ "unmap, offset", UNMAP(.bo_offset = SZ_4K), -EINVAL },
	{ "unmap, read-only", UNMAP(.flags = DRM_PDDGPU_VM_BIND_READONLY), -EINVAL },
	{ "unmap, pad", UNMAP(.pad = 1), -EINVAL },
	{ "unmap, range 0", UNMAP(.range = 0), -EINVAL },
	{ "unmap, past the end", UNMAP(.addr = PDDGPU_VM_END - SZ_4K), -EINVAL },
	{ "unknown operation", MAP(.op = DRM_PDDGPU_VM_BIND_OP_UNMAP + 1), -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(op, op_cases, name);

static void bind_operation(struct kunit *test)
{
	const struct op_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, pddgpu_bind_check_op(&c->op), c->ret);
}

static struct kunit_case cs_test_cases[] = {
	KUNIT_CASE_PARAM(cs_argument, cs_gen_params),
	KUNIT_CASE(cs_no_buffers_are_fine),
	KUNIT_CASE(cs_buffers_in_any_order_are_fine),
	KUNIT_CASE(cs_handle_twice_returns_einval),
	KUNIT_CASE(cs_longest_list_finds_the_one_duplicate),
	KUNIT_CASE(cs_unknown_buffer_flags_return_einval),
	KUNIT_CASE(cs_unknown_sync_flags_return_einval),
	KUNIT_CASE_PARAM(bind_argument, bind_gen_params),
	KUNIT_CASE_PARAM(bind_operation, op_gen_params),
	{}
};

static struct kunit_suite cs_test_suite = {
	.name = "pddgpu_cs",
	.test_cases = cs_test_cases,
};

kunit_test_suite(cs_test_suite);
