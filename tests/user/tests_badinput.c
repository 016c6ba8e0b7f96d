// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Every ioctl with one field wrong.  A row takes a call that is valid, spoils
 * one field, and expects the error that drm-uapi.rst names, arguments as they
 * were, no memory gained or lost, and nothing done.  Then it puts the field
 * right and expects the call to work: so that one field was all that was wrong.
 */
#include "test.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#define NOWHERE		0x1000ULL		/* below mmap_min_addr */
#define KERNEL		0xffff888000000000ULL	/* not the user's to name */
#define NO_HANDLE	0xdeadU

/* A list element of a program that is newer than the driver. */
struct long_op { struct drm_pddgpu_vm_bind_op op; u64 future; };
struct long_bo { struct drm_pddgpu_cs_bo bo; u64 future; };
struct long_sync { struct drm_pddgpu_sync sync; u64 future; };

/* The arguments of one valid call of each kind, and what they name. */
struct fix {
	struct pdd_client c;
	struct pdd_bo bo;		/* bound, written by the CS */
	struct pdd_bo other;		/* listed second */
	struct pdd_ib ib;
	u64 va;				/* nothing bound here but by the bind */

	struct args {
		struct drm_pddgpu_info info;
		struct drm_pddgpu_gem_create create;
		struct drm_pddgpu_gem_mmap map;
		struct drm_pddgpu_gem_info bo_info;
		struct drm_pddgpu_gem_wait wait;
		struct drm_pddgpu_gem_madvise madvise;
		struct drm_pddgpu_vm_create vm_create;
		struct drm_pddgpu_vm_destroy vm_destroy;
		struct drm_pddgpu_vm_bind bind;
		struct long_op op;
		struct drm_pddgpu_ctx_create ctx_create;
		struct drm_pddgpu_ctx_destroy ctx_destroy;
		struct drm_pddgpu_ctx_query query;
		struct drm_pddgpu_cs cs;
		struct long_bo bos[2];
		struct long_sync syncs[2];
		struct drm_pddgpu_info_device answer;
	} args;
};

#define CALL(name, field) { DRM_IOCTL_PDDGPU_##name, offsetof(struct fix, args.field) }

enum call {
	INFO, CREATE, MMAP, BO_INFO, WAIT, MADVISE, VM_CREATE, VM_DESTROY, BIND, CTX_CREATE, CTX_DESTROY,
	QUERY, CS,
};

static const struct {
	unsigned long request;
	size_t arg;
} calls[] = {
	[INFO] = CALL(INFO, info),
	[CREATE] = CALL(GEM_CREATE, create),
	[MMAP] = CALL(GEM_MMAP, map),
	[BO_INFO] = CALL(GEM_INFO, bo_info),
	[WAIT] = CALL(GEM_WAIT, wait),
	[MADVISE] = CALL(GEM_MADVISE, madvise),
	[VM_CREATE] = CALL(VM_CREATE, vm_create),
	[VM_DESTROY] = CALL(VM_DESTROY, vm_destroy),
	[BIND] = CALL(VM_BIND, bind),
	[CTX_CREATE] = CALL(CTX_CREATE, ctx_create),
	[CTX_DESTROY] = CALL(CTX_DESTROY, ctx_destroy),
	[QUERY] = CALL(CTX_QUERY, query),
	[CS] = CALL(CS, cs),
};

struct row {
	enum call call;
	size_t offset;			/* of the field, in struct fix */
	size_t width;			/* of the field, bytes */
	u64 value;			/* the bad value */
	u64 (*from)(const struct fix *f); /* or what computes it */
	int error;
	void (*variant)(struct fix *f);	/* makes another valid call first, or NULL */
};

/* --- The valid calls -------------------------------------------------- */

static void valid_bind(struct fix *f)
{
	f->args.op.op = (struct drm_pddgpu_vm_bind_op){
		.op = DRM_PDDGPU_VM_BIND_OP_MAP,
		.handle = f->bo.handle,
		.bo_offset = PDD_PAGE,
		.addr = f->va,
		.range = 2 * PDD_PAGE,
	};
	f->args.bind = (struct drm_pddgpu_vm_bind){
		.vm_id = f->c.vm,
		.num_ops = 1,
		.op_stride = sizeof(struct long_op),
		.ops = (uintptr_t)&f->args.op,
	};
}

static void valid_cs(struct fix *f)
{
	struct args *a = &f->args;

	a->bos[0].bo = (struct drm_pddgpu_cs_bo){ f->bo.handle, DRM_PDDGPU_CS_BO_WRITE };
	a->bos[1].bo = (struct drm_pddgpu_cs_bo){ f->other.handle, 0 };
	for (int i = 0; i < 2; i++)
		a->syncs[i].sync = (struct drm_pddgpu_sync){
			.handle = pdd_syncobj(&f->c.dev),
			.flags = DRM_PDDGPU_SYNC_SIGNAL,
			.point = i,
		};
	a->cs = (struct drm_pddgpu_cs){
		.ctx_id = f->c.ctx,
		.engine = DRM_PDDGPU_ENGINE_COMPUTE,
		.ib_dwords = f->ib.n,
		.ib_addr = f->ib.bo.va,
		.bos = (uintptr_t)a->bos,
		.num_bos = 2,
		.bo_stride = sizeof(struct long_bo),
		.syncs = (uintptr_t)a->syncs,
		.num_syncs = 2,
		.sync_stride = sizeof(struct long_sync),
	};
}

static void valid_calls(struct fix *f)
{
	struct args *a = &f->args;

	a->info = (struct drm_pddgpu_info){ DRM_PDDGPU_INFO_DEVICE, sizeof(a->answer),
					    (uintptr_t)&a->answer };
	a->create = (struct drm_pddgpu_gem_create){ .size = PDD_PAGE, .domains = VRAM };
	a->map.handle = f->bo.handle;
	a->bo_info.handle = f->bo.handle;
	a->madvise.handle = f->bo.handle;
	a->wait.handle = f->bo.handle;
	a->wait.timeout_ns = now_ns() + PDD_WAIT_NS;
	valid_bind(f);
	a->ctx_create.vm_id = f->c.vm;
	a->query.ctx_id = f->c.ctx;
	valid_cs(f);
}

/* An address space and a context of their own, to be destroyed. */
static void add_victims(struct fix *f)
{
	struct drm_pddgpu_vm_create vm = { 0 };

	CHECK_OK(pdd_ioctl(f->c.dev.fd, DRM_IOCTL_PDDGPU_VM_CREATE, &vm));
	f->args.vm_destroy.vm_id = vm.vm_id;
	CHECK_OK(pdd_ctx_create(&f->c, &f->args.ctx_destroy.ctx_id));
}

static void fix_init(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	test_client(&f->c);
	f->bo = test_bo(&f->c, 16 * PDD_PAGE, VRAM);
	f->other = test_bo(&f->c, PDD_PAGE, GTT);
	f->ib = test_ib(&f->c, 64);
	f->va = pdd_va(&f->c, MIB);
	pdd_write32(&f->ib, f->bo.va, 1);
	valid_calls(f);
	add_victims(f);
}

/* --- Variants of them ------------------------------------------------- */

static void create_gtt(struct fix *f)
{
	f->args.create.domains = GTT;
}

static void create_gds(struct fix *f)
{
	f->args.create.domains = DRM_PDDGPU_DOMAIN_GDS;
	f->args.create.size = PDD_PAGE;
}

static void create_contiguous(struct fix *f)
{
	f->args.create.flags = DRM_PDDGPU_GEM_VRAM_CONTIGUOUS;
}

static void create_aligned(struct fix *f)
{
	create_contiguous(f);
	f->args.create.alignment = MIB;
}

static void bind_unmap(struct fix *f)
{
	f->args.op.op = (struct drm_pddgpu_vm_bind_op){
		.op = DRM_PDDGPU_VM_BIND_OP_UNMAP,
		.addr = f->va,
		.range = 2 * PDD_PAGE,
	};
}

static void cs_waits(struct fix *f)
{
	struct drm_pddgpu_sync *sync = &f->args.syncs[0].sync;

	CHECK_OK(drmSyncobjSignal(f->c.dev.fd, &sync->handle, 1));
	sync->flags = 0;
}

/* --- Values that depend on the card ----------------------------------- */

static u64 more_than_vram(const struct fix *f)
{
	return f->c.dev.info.vram_size + PDD_PAGE;
}

static u64 more_than_gtt(const struct fix *f)
{
	return f->c.dev.info.gtt_size + PDD_PAGE;
}

static u64 below_va(const struct fix *f)
{
	return f->c.dev.info.va_start - PDD_PAGE;
}

static u64 end_of_va(const struct fix *f)
{
	return f->c.dev.info.va_end;
}

static u64 last_page_of_va(const struct fix *f)
{
	return f->c.dev.info.va_end - PDD_PAGE;
}

static u64 last_dword_of_va(const struct fix *f)
{
	return f->c.dev.info.va_end - 4;
}

static u64 odd_va(const struct fix *f)
{
	return f->va + 512;
}

static u64 odd_ib(const struct fix *f)
{
	return f->ib.bo.va + 2;
}

static u64 size_of_bo(const struct fix *f)
{
	return f->bo.size;
}

static u64 end_of_bo(const struct fix *f)
{
	return f->bo.size - PDD_PAGE;
}

static u64 too_many_dwords(const struct fix *f)
{
	return f->c.dev.info.max_ib_dwords + 1;
}

static u64 first_bo(const struct fix *f)
{
	return f->bo.handle;
}

static u64 unsignalled_syncobj(const struct fix *f)
{
	return f->args.syncs[1].sync.handle;
}

/* --- Running a row ---------------------------------------------------- */

static int do_call(struct fix *f, enum call call)
{
	return pdd_ioctl(f->c.dev.fd, calls[call].request, (char *)f + calls[call].arg);
}

/* The address that the bind is about is still unmapped. */
static void bind_did_nothing(struct fix *f)
{
	struct pdd_ib ib = test_ib(&f->c, 16);

	pdd_write32(&ib, f->va, 1);
	CHECK(pdd_run(&f->c, DRM_PDDGPU_ENGINE_COPY, &ib, NULL, 0) < 0);
	pdd_ib_free(&f->c, &ib);
}

/* No job has run, and no syncobj has got its fence. */
static void cs_did_nothing(struct fix *f)
{
	CHECK_OK(pdd_bo_wait(&f->c.dev, &f->bo, DRM_PDDGPU_GEM_WAIT_WRITE, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)f->bo.map, 0);
	CHECK_RET(pdd_syncobj_wait(&f->c.dev, f->args.syncs[1].sync.handle, 0), -EINVAL);
}

static void cs_did_it(struct fix *f)
{
	CHECK_OK(pdd_bo_wait(&f->c.dev, &f->bo, 0, PDD_WAIT_NS));
	CHECK_EQ(*(u32 *)f->bo.map, 1);
}

static void check_unchanged(struct fix *f, const struct row *row,
			    const struct drm_pddgpu_info_memory *before)
{
	struct drm_pddgpu_info_memory after = test_memory(&f->c.dev);

	CHECK_EQ(after.vram_used, before->vram_used);
	CHECK_EQ(after.vram_visible_used, before->vram_visible_used);
	CHECK_EQ(after.gtt_used, before->gtt_used);
	CHECK_EQ(after.evictions, before->evictions);
	if (row->call == BIND)
		bind_did_nothing(f);
	if (row->call == CS)
		cs_did_nothing(f);
}

static void bad_field(const void *arg)
{
	struct drm_pddgpu_info_memory before;
	const struct row *row = arg;
	struct args spoilt, valid;
	struct fix f;
	char *field = (char *)&f + row->offset;
	u64 value;

	fix_init(&f);
	if (row->variant)
		row->variant(&f);
	before = test_memory(&f.c.dev);
	valid = f.args;
	value = row->from ? row->from(&f) : row->value;
	CHECK(memcmp(field, &value, row->width));
	memcpy(field, &value, row->width);
	spoilt = f.args;
	CHECK_RET(do_call(&f, row->call), row->error);
	CHECK(!memcmp(&f.args, &spoilt, sizeof(spoilt)));
	check_unchanged(&f, row, &before);
	f.args = valid;
	CHECK_OK(do_call(&f, row->call));
	if (row->call == CS)
		cs_did_it(&f);
}

/* The argument itself lies where the program has no memory. */
static void bad_argument(const void *arg)
{
	struct fix f;

	(void)arg;
	fix_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		CHECK_RET(pdd_ioctl(f.c.dev.fd, calls[i].request, (void *)NOWHERE), -EFAULT);
		CHECK_RET(pdd_ioctl(f.c.dev.fd, calls[i].request, (void *)KERNEL), -EFAULT);
	}
	cs_did_nothing(&f);
}

/* An ioctl that the driver does not have. */
static void unknown_ioctl(const void *arg)
{
	struct pdd_client c;
	u64 data[8] = { 0 };

	(void)arg;
	test_client(&c);
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_PDDGPU_GEM_MADVISE + 1, data), data),
		  -EINVAL);
	CHECK_RET(pdd_ioctl(c.dev.fd, DRM_IOWR(DRM_COMMAND_END - 1, data), data), -EINVAL);
}

/* --- The rows --------------------------------------------------------- */

#define FIELD(field_)							\
	.offset = offsetof(struct fix, args.field_),			\
	.width = sizeof(((struct fix *)0)->args.field_)

#define TEST(name_, ...) {						\
	.name = "badinput." name_,					\
	.run = bad_field,						\
	.arg = &(const struct row){ __VA_ARGS__ },			\
}

/* One field gets a constant. */
#define BAD(call_, name_, field_, value_, error_)			\
	TEST(name_, .call = call_, FIELD(field_), .value = value_, .error = -(error_))
/* The same, starting from another valid call. */
#define BAD_IN(call_, name_, variant_, field_, value_, error_)		\
	TEST(name_, .call = call_, FIELD(field_), .value = value_, .error = -(error_), \
	     .variant = variant_)
/* One field gets what a function says. */
#define BAD_FROM(call_, name_, field_, from_, error_)			\
	TEST(name_, .call = call_, FIELD(field_), .from = from_, .error = -(error_))
#define BAD_FROM_IN(call_, name_, variant_, field_, from_, error_)	\
	TEST(name_, .call = call_, FIELD(field_), .from = from_, .error = -(error_), \
	     .variant = variant_)

static const struct test tests[] = {
	{ .name = "badinput.argument_pointers", .run = bad_argument },
	{ .name = "badinput.unknown_ioctl", .run = unknown_ioctl },

	BAD(INFO, "info.query_next", info.query, DRM_PDDGPU_INFO_ENGINES + 1, EINVAL),
	BAD(INFO, "info.query_max", info.query, ~0u, EINVAL),
	BAD(INFO, "info.data_null", info.data, 0, EFAULT),
	BAD(INFO, "info.data_nowhere", info.data, NOWHERE, EFAULT),
	BAD(INFO, "info.data_kernel", info.data, KERNEL, EFAULT),

	BAD(CREATE, "gem_create.size_zero", create.size, 0, EINVAL),
	BAD(CREATE, "gem_create.size_max", create.size, ~0ULL, E2BIG),
	BAD(CREATE, "gem_create.size_max_aligned", create.size, ~0ULL << 12, E2BIG),
	BAD(CREATE, "gem_create.size_huge", create.size, 1ULL << 62, E2BIG),
	BAD(CREATE, "gem_create.size_pages_wrap_u32", create.size, 1ULL << 44, E2BIG),
	BAD_FROM(CREATE, "gem_create.size_above_vram", create.size, more_than_vram, E2BIG),
	BAD_FROM_IN(CREATE, "gem_create.size_above_gtt", create_gtt, create.size, more_than_gtt,
		    E2BIG),
	BAD_IN(CREATE, "gem_create.size_max_gtt", create_gtt, create.size, ~0ULL, E2BIG),
	BAD(CREATE, "gem_create.alignment_three", create.alignment, 3, EINVAL),
	BAD(CREATE, "gem_create.alignment_three_pages", create.alignment, 3 * PDD_PAGE, EINVAL),
	BAD(CREATE, "gem_create.alignment_max", create.alignment, ~0ULL, EINVAL),
	BAD_IN(CREATE, "gem_create.alignment_odd_contiguous", create_aligned, create.alignment,
	       MIB + PDD_PAGE, EINVAL),
	BAD(CREATE, "gem_create.domains_none", create.domains, 0, EINVAL),
	BAD(CREATE, "gem_create.domains_unknown", create.domains, VRAM | 0x40, EINVAL),
	BAD(CREATE, "gem_create.domains_unknown_alone", create.domains, 0x40, EINVAL),
	BAD(CREATE, "gem_create.domains_top_bit", create.domains, VRAM | 1u << 31, EINVAL),
	BAD(CREATE, "gem_create.domains_vram_gds", create.domains, VRAM | DRM_PDDGPU_DOMAIN_GDS,
	    EINVAL),
	BAD(CREATE, "gem_create.domains_gtt_gws", create.domains, GTT | DRM_PDDGPU_DOMAIN_GWS,
	    EINVAL),
	BAD(CREATE, "gem_create.domains_cpu_oa", create.domains,
	    DRM_PDDGPU_DOMAIN_CPU | DRM_PDDGPU_DOMAIN_OA, EINVAL),
	BAD(CREATE, "gem_create.domains_two_heaps", create.domains,
	    DRM_PDDGPU_DOMAIN_GDS | DRM_PDDGPU_DOMAIN_OA, EINVAL),
	BAD_IN(CREATE, "gem_create.size_above_gds", create_gds, create.size, 1ULL << 40, E2BIG),
	BAD_IN(CREATE, "gem_create.alignment_gds", create_gds, create.alignment, PDD_PAGE,
	       EINVAL),
	BAD_IN(CREATE, "gem_create.flags_cpu_access_gds", create_gds, create.flags,
	       DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED, EINVAL),
	BAD_IN(CREATE, "gem_create.flags_contiguous_gds", create_gds, create.flags,
	       DRM_PDDGPU_GEM_VRAM_CONTIGUOUS, EINVAL),
	BAD(CREATE, "gem_create.flags_unknown", create.flags, DRM_PDDGPU_GEM_FLAGS_MASK + 1,
	    EINVAL),
	BAD(CREATE, "gem_create.flags_top_bit", create.flags, 1u << 31, EINVAL),
	BAD(CREATE, "gem_create.flags_cpu_access_and_none", create.flags,
	    DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_NO_CPU_ACCESS, EINVAL),
	BAD_IN(CREATE, "gem_create.flags_unknown_contiguous", create_contiguous, create.flags,
	       DRM_PDDGPU_GEM_VRAM_CONTIGUOUS | 0x40, EINVAL),
	BAD(CREATE, "gem_create.vm_id_unknown", create.vm_id, NO_HANDLE, ENOENT),
	BAD(CREATE, "gem_create.vm_id_max", create.vm_id, ~0u, ENOENT),

	BAD(MMAP, "gem_mmap.handle_zero", map.handle, 0, ENOENT),
	BAD(MMAP, "gem_mmap.handle_unknown", map.handle, NO_HANDLE, ENOENT),
	BAD(MMAP, "gem_mmap.handle_max", map.handle, ~0u, ENOENT),
	BAD(MMAP, "gem_mmap.flags_low_bit", map.flags, 1, EINVAL),
	BAD(MMAP, "gem_mmap.flags_top_bit", map.flags, 1u << 31, EINVAL),

	BAD(BO_INFO, "gem_info.handle_zero", bo_info.handle, 0, ENOENT),
	BAD(BO_INFO, "gem_info.handle_unknown", bo_info.handle, NO_HANDLE, ENOENT),
	BAD(BO_INFO, "gem_info.handle_max", bo_info.handle, ~0u, ENOENT),
	BAD(BO_INFO, "gem_info.flags_low_bit", bo_info.flags, 1, EINVAL),
	BAD(BO_INFO, "gem_info.flags_top_bit", bo_info.flags, 1u << 31, EINVAL),

	BAD(WAIT, "gem_wait.handle_zero", wait.handle, 0, ENOENT),
	BAD(WAIT, "gem_wait.handle_unknown", wait.handle, NO_HANDLE, ENOENT),
	BAD(WAIT, "gem_wait.handle_max", wait.handle, ~0u, ENOENT),
	BAD(WAIT, "gem_wait.flags_unknown", wait.flags, 2, EINVAL),
	BAD(WAIT, "gem_wait.flags_top_bit", wait.flags, 1u << 31, EINVAL),

	BAD(MADVISE, "gem_madvise.handle_zero", madvise.handle, 0, ENOENT),
	BAD(MADVISE, "gem_madvise.handle_unknown", madvise.handle, NO_HANDLE, ENOENT),
	BAD(MADVISE, "gem_madvise.handle_max", madvise.handle, ~0u, ENOENT),
	BAD(MADVISE, "gem_madvise.madv_next", madvise.madv, DRM_PDDGPU_MADV_DONTNEED + 1, EINVAL),
	BAD(MADVISE, "gem_madvise.madv_max", madvise.madv, ~0u, EINVAL),
	BAD(MADVISE, "gem_madvise.pad_low_bit", madvise.pad, 1, EINVAL),
	BAD(MADVISE, "gem_madvise.pad_top_bit", madvise.pad, 1u << 31, EINVAL),

	BAD(VM_CREATE, "vm_create.flags_low_bit", vm_create.flags, 1, EINVAL),
	BAD(VM_CREATE, "vm_create.flags_top_bit", vm_create.flags, 1u << 31, EINVAL),

	BAD(VM_DESTROY, "vm_destroy.vm_id_zero", vm_destroy.vm_id, 0, ENOENT),
	BAD(VM_DESTROY, "vm_destroy.vm_id_unknown", vm_destroy.vm_id, NO_HANDLE, ENOENT),
	BAD(VM_DESTROY, "vm_destroy.vm_id_max", vm_destroy.vm_id, ~0u, ENOENT),
	BAD(VM_DESTROY, "vm_destroy.pad", vm_destroy.pad, 1, EINVAL),

	BAD(BIND, "vm_bind.vm_id_zero", bind.vm_id, 0, ENOENT),
	BAD(BIND, "vm_bind.vm_id_unknown", bind.vm_id, NO_HANDLE, ENOENT),
	BAD(BIND, "vm_bind.vm_id_max", bind.vm_id, ~0u, ENOENT),
	BAD(BIND, "vm_bind.flags_low_bit", bind.flags, 1, EINVAL),
	BAD(BIND, "vm_bind.flags_top_bit", bind.flags, 1u << 31, EINVAL),
	BAD(BIND, "vm_bind.num_ops_zero", bind.num_ops, 0, EINVAL),
	BAD(BIND, "vm_bind.num_ops_too_many", bind.num_ops, DRM_PDDGPU_VM_BIND_MAX_OPS + 1, E2BIG),
	BAD(BIND, "vm_bind.num_ops_max", bind.num_ops, ~0u, E2BIG),
	BAD(BIND, "vm_bind.op_stride_zero", bind.op_stride, 0, EINVAL),
	BAD(BIND, "vm_bind.op_stride_short", bind.op_stride,
	    sizeof(struct drm_pddgpu_vm_bind_op) - 8, EINVAL),
	BAD(BIND, "vm_bind.op_larger_and_not_zero", op.future, 1, E2BIG),
	BAD(BIND, "vm_bind.ops_null", bind.ops, 0, EFAULT),
	BAD(BIND, "vm_bind.ops_nowhere", bind.ops, NOWHERE, EFAULT),
	BAD(BIND, "vm_bind.ops_kernel", bind.ops, KERNEL, EFAULT),
	BAD(BIND, "vm_bind.pad", bind.pad, 1, EINVAL),
	BAD(BIND, "vm_bind.op_unknown", op.op.op, DRM_PDDGPU_VM_BIND_OP_UNMAP + 1, EINVAL),
	BAD(BIND, "vm_bind.op_max", op.op.op, ~0u, EINVAL),
	BAD(BIND, "vm_bind.op_flags_unknown", op.op.flags, 4, EINVAL),
	BAD(BIND, "vm_bind.op_flags_top_bit", op.op.flags, 1u << 31, EINVAL),
	BAD(BIND, "vm_bind.handle_zero", op.op.handle, 0, ENOENT),
	BAD(BIND, "vm_bind.handle_unknown", op.op.handle, NO_HANDLE, ENOENT),
	BAD(BIND, "vm_bind.op_pad", op.op.pad, 1, EINVAL),
	BAD(BIND, "vm_bind.bo_offset_unaligned", op.op.bo_offset, 512, EINVAL),
	BAD_FROM(BIND, "vm_bind.bo_offset_at_end", op.op.bo_offset, size_of_bo, EINVAL),
	BAD_FROM(BIND, "vm_bind.bo_offset_too_near_end", op.op.bo_offset, end_of_bo, EINVAL),
	BAD(BIND, "vm_bind.bo_offset_wraps", op.op.bo_offset, ~0ULL << 12, EINVAL),
	BAD_FROM(BIND, "vm_bind.addr_unaligned", op.op.addr, odd_va, EINVAL),
	BAD(BIND, "vm_bind.addr_zero", op.op.addr, 0, EINVAL),
	BAD_FROM(BIND, "vm_bind.addr_below_start", op.op.addr, below_va, EINVAL),
	BAD_FROM(BIND, "vm_bind.addr_at_end", op.op.addr, end_of_va, EINVAL),
	BAD_FROM(BIND, "vm_bind.addr_reaches_past_end", op.op.addr, last_page_of_va, EINVAL),
	BAD(BIND, "vm_bind.addr_wraps", op.op.addr, ~0ULL << 12, EINVAL),
	BAD(BIND, "vm_bind.range_zero", op.op.range, 0, EINVAL),
	BAD(BIND, "vm_bind.range_unaligned", op.op.range, PDD_PAGE + 1, EINVAL),
	BAD_FROM(BIND, "vm_bind.range_past_bo", op.op.range, size_of_bo, EINVAL),
	BAD(BIND, "vm_bind.range_wraps", op.op.range, ~0ULL << 12, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_handle", bind_unmap, op.op.handle, 1, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_bo_offset", bind_unmap, op.op.bo_offset, PDD_PAGE, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_readonly", bind_unmap, op.op.flags,
	       DRM_PDDGPU_VM_BIND_READONLY, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_small_pages", bind_unmap, op.op.flags,
	       DRM_PDDGPU_VM_BIND_SMALL_PAGES, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_pad", bind_unmap, op.op.pad, 1, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_range_zero", bind_unmap, op.op.range, 0, EINVAL),
	BAD_IN(BIND, "vm_bind.unmap_range_wraps", bind_unmap, op.op.range, ~0ULL << 12, EINVAL),
	BAD_FROM_IN(BIND, "vm_bind.unmap_addr_unaligned", bind_unmap, op.op.addr, odd_va, EINVAL),
	BAD_FROM_IN(BIND, "vm_bind.unmap_addr_at_end", bind_unmap, op.op.addr, end_of_va, EINVAL),

	BAD(CTX_CREATE, "ctx_create.vm_id_zero", ctx_create.vm_id, 0, ENOENT),
	BAD(CTX_CREATE, "ctx_create.vm_id_unknown", ctx_create.vm_id, NO_HANDLE, ENOENT),
	BAD(CTX_CREATE, "ctx_create.flags_low_bit", ctx_create.flags, 1, EINVAL),
	BAD(CTX_CREATE, "ctx_create.flags_top_bit", ctx_create.flags, 1u << 31, EINVAL),
	BAD(CTX_CREATE, "ctx_create.pad", ctx_create.pad, 1, EINVAL),

	BAD(CTX_DESTROY, "ctx_destroy.ctx_id_zero", ctx_destroy.ctx_id, 0, ENOENT),
	BAD(CTX_DESTROY, "ctx_destroy.ctx_id_unknown", ctx_destroy.ctx_id, NO_HANDLE, ENOENT),
	BAD(CTX_DESTROY, "ctx_destroy.ctx_id_max", ctx_destroy.ctx_id, ~0u, ENOENT),
	BAD(CTX_DESTROY, "ctx_destroy.pad", ctx_destroy.pad, 1, EINVAL),

	BAD(QUERY, "ctx_query.ctx_id_zero", query.ctx_id, 0, ENOENT),
	BAD(QUERY, "ctx_query.ctx_id_unknown", query.ctx_id, NO_HANDLE, ENOENT),
	BAD(QUERY, "ctx_query.flags_low_bit", query.flags, 1, EINVAL),
	BAD(QUERY, "ctx_query.flags_top_bit", query.flags, 1u << 31, EINVAL),
	BAD(QUERY, "ctx_query.pad", query.pad, 1, EINVAL),

	BAD(CS, "cs.ctx_id_zero", cs.ctx_id, 0, ENOENT),
	BAD(CS, "cs.ctx_id_unknown", cs.ctx_id, NO_HANDLE, ENOENT),
	BAD(CS, "cs.ctx_id_max", cs.ctx_id, ~0u, ENOENT),
	BAD(CS, "cs.engine_next", cs.engine, PDDGPU_NUM_ENGINES, EINVAL),
	BAD(CS, "cs.engine_max", cs.engine, ~0u, EINVAL),
	BAD(CS, "cs.flags_low_bit", cs.flags, 1, EINVAL),
	BAD(CS, "cs.flags_top_bit", cs.flags, 1u << 31, EINVAL),
	BAD(CS, "cs.ib_dwords_zero", cs.ib_dwords, 0, EINVAL),
	BAD_FROM(CS, "cs.ib_dwords_too_many", cs.ib_dwords, too_many_dwords, EINVAL),
	BAD(CS, "cs.ib_dwords_max", cs.ib_dwords, ~0u, EINVAL),
	BAD_FROM(CS, "cs.ib_addr_unaligned", cs.ib_addr, odd_ib, EINVAL),
	BAD_FROM(CS, "cs.ib_addr_at_end", cs.ib_addr, end_of_va, EINVAL),
	BAD_FROM(CS, "cs.ib_addr_reaches_past_end", cs.ib_addr, last_dword_of_va, EINVAL),
	BAD(CS, "cs.ib_addr_wraps", cs.ib_addr, ~3ULL, EINVAL),
	BAD(CS, "cs.bos_null", cs.bos, 0, EFAULT),
	BAD(CS, "cs.bos_nowhere", cs.bos, NOWHERE, EFAULT),
	BAD(CS, "cs.bos_kernel", cs.bos, KERNEL, EFAULT),
	BAD(CS, "cs.num_bos_too_many", cs.num_bos, DRM_PDDGPU_CS_MAX_BOS + 1, E2BIG),
	BAD(CS, "cs.num_bos_max", cs.num_bos, ~0u, E2BIG),
	BAD(CS, "cs.bo_stride_zero", cs.bo_stride, 0, EINVAL),
	BAD(CS, "cs.bo_stride_short", cs.bo_stride, sizeof(struct drm_pddgpu_cs_bo) - 4, EINVAL),
	BAD(CS, "cs.bo_larger_and_not_zero", bos[1].future, 1ULL << 63, E2BIG),
	BAD(CS, "cs.bo_handle_zero", bos[1].bo.handle, 0, ENOENT),
	BAD(CS, "cs.bo_handle_unknown", bos[1].bo.handle, NO_HANDLE, ENOENT),
	BAD_FROM(CS, "cs.bo_handle_twice", bos[1].bo.handle, first_bo, EINVAL),
	BAD(CS, "cs.bo_flags_unknown", bos[1].bo.flags, 2, EINVAL),
	BAD(CS, "cs.bo_flags_top_bit", bos[0].bo.flags, DRM_PDDGPU_CS_BO_WRITE | 1u << 31, EINVAL),
	BAD(CS, "cs.syncs_null", cs.syncs, 0, EFAULT),
	BAD(CS, "cs.syncs_nowhere", cs.syncs, NOWHERE, EFAULT),
	BAD(CS, "cs.syncs_kernel", cs.syncs, KERNEL, EFAULT),
	BAD(CS, "cs.num_syncs_too_many", cs.num_syncs, DRM_PDDGPU_CS_MAX_SYNCS + 1, E2BIG),
	BAD(CS, "cs.num_syncs_max", cs.num_syncs, ~0u, E2BIG),
	BAD(CS, "cs.sync_stride_zero", cs.sync_stride, 0, EINVAL),
	BAD(CS, "cs.sync_stride_short", cs.sync_stride, sizeof(struct drm_pddgpu_sync) - 8,
	    EINVAL),
	BAD(CS, "cs.sync_larger_and_not_zero", syncs[0].future, 1, E2BIG),
	BAD(CS, "cs.sync_handle_zero", syncs[0].sync.handle, 0, ENOENT),
	BAD(CS, "cs.sync_handle_unknown", syncs[0].sync.handle, NO_HANDLE, ENOENT),
	BAD_IN(CS, "cs.sync_in_handle_unknown", cs_waits, syncs[0].sync.handle, NO_HANDLE, ENOENT),
	BAD_FROM_IN(CS, "cs.sync_in_without_fence", cs_waits, syncs[0].sync.handle,
		    unsignalled_syncobj, EINVAL),
	BAD_IN(CS, "cs.sync_in_point_to_come", cs_waits, syncs[0].sync.point, 9, EINVAL),
	BAD(CS, "cs.sync_flags_unknown", syncs[0].sync.flags, DRM_PDDGPU_SYNC_SIGNAL | 2, EINVAL),
	BAD(CS, "cs.sync_flags_top_bit", syncs[0].sync.flags, DRM_PDDGPU_SYNC_SIGNAL | 1u << 31,
	    EINVAL),
};

TEST_GROUP(badinput_tests, tests);
