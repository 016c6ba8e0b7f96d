// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Steps of pddgpu-fuzz: the driver's own ioctls. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>

#define MAX_OPS		4
#define MAX_LIST	6
#define DOMAINS_USUAL	3
#define TRIES		10 /* for something that exists */
#define WAIT_MAX_NS	20000000ULL

/* --- Buffers ------------------------------------------------------------ */

struct fuzz_bo *fuzz_pick_bo(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = &file->bos[fuzz_below(f, FUZZ_BOS)];

	for (u32 i = 0; i < TRIES && !bo->handle; i++)
		bo = &file->bos[fuzz_below(f, FUZZ_BOS)];
	return bo;
}

static u32 pick_handle(struct fuzz *f, const struct fuzz_bo *bo)
{
	return fuzz_chance(f, 30) ? (u32)fuzz_odd(f) : bo->handle;
}

static u64 random_size(struct fuzz *f, const struct fuzz_file *file)
{
	const struct drm_pddgpu_info_device *info = &fuzz_cards[file->card].info;

	switch (fuzz_below(f, 100)) {
	case 0: return info->vram_visible / (1 + fuzz_below(f, 8));
	case 1: return info->vram_size / (2 + fuzz_below(f, 16));
	case 2 ... 4: return fuzz_odd(f);
	case 5 ... 10: return PDD_LARGE_PAGE * (1 + fuzz_below(f, 2));
	case 11 ... 16: return PDD_LARGE_PAGE + PDD_PAGE * fuzz_below(f, 64);
	case 17 ... 24: return 1 + fuzz_below(f, 4 * PDD_PAGE);
	default: return PDD_PAGE * (1 + fuzz_below(f, 32));
	}
}

static u32 random_domains(struct fuzz *f)
{
	static const u32 usual[DOMAINS_USUAL] = { VRAM, GTT, VRAM | GTT };

	if (fuzz_chance(f, 6))
		return DRM_PDDGPU_DOMAIN_GDS << fuzz_below(f, PDDGPU_NUM_ONCHIP);

	return fuzz_chance(f, 20) ? (u32)fuzz_below(f, 64) : usual[fuzz_below(f, DOMAINS_USUAL)];
}

static u32 random_flags(struct fuzz *f)
{
	return fuzz_chance(f, 3) ? (u32)fuzz_below(f, 32) : 0;
}

/* Like buffers: one that exists, if a few of those that are looked at do. */
static struct fuzz_vm *pick_vm(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_vm *vm = &file->vms[fuzz_below(f, FUZZ_VMS)];

	for (u32 i = 0; i < TRIES && !vm->id; i++)
		vm = &file->vms[fuzz_below(f, FUZZ_VMS)];
	return vm;
}

static void forget_bo(struct fuzz *f, struct fuzz_file *file, struct fuzz_bo *bo)
{
	struct drm_gem_close close = { .handle = bo->handle };

	if (bo->handle)
		fuzz_ioctl(f, file, FUZZ_GEM_CLOSE, &close, FUZZ_GOOD);
	*bo = (struct fuzz_bo){ 0 };
}

static u64 largest(const struct fuzz_file *file, u32 domains, u32 flags)
{
	const struct drm_pddgpu_info_device *info = &fuzz_cards[file->card].info;
	u64 vram = flags & DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED ? info->vram_visible :
		   info->vram_size;
	u64 max = domains & (DRM_PDDGPU_DOMAIN_CPU | GTT) ? info->gtt_size : 0;

	switch (domains) {
	case DRM_PDDGPU_DOMAIN_GDS: return info->gds_size;
	case DRM_PDDGPU_DOMAIN_GWS: return info->gws_size;
	case DRM_PDDGPU_DOMAIN_OA: return info->oa_size;
	}
	return domains & VRAM && vram > max ? vram : max;
}

/* In an on-chip heap there is little that may be asked for. */
static bool good_onchip(const struct drm_pddgpu_gem_create *c)
{
	return !(c->domains & (c->domains - 1)) && !c->alignment &&
	       !(c->flags & ~DRM_PDDGPU_GEM_NO_CPU_ACCESS);
}

/* What the header promises of a request, when nothing has mutated it. */
static enum fuzz_expect expect_create(const struct fuzz_file *file,
				      const struct drm_pddgpu_gem_create *c)
{
	const u32 both = DRM_PDDGPU_GEM_CPU_ACCESS_REQUIRED | DRM_PDDGPU_GEM_NO_CPU_ACCESS;

	if (!c->size || !c->domains || (c->flags & both) == both ||
	    c->domains & ~DRM_PDDGPU_DOMAIN_MASK || c->flags & ~DRM_PDDGPU_GEM_FLAGS_MASK ||
	    c->alignment & (c->alignment - 1) || (c->domains & ~7 && !good_onchip(c)) ||
	    c->size > largest(file, c->domains, c->flags))
		return FUZZ_BAD;
	return c->alignment > fuzz_cards[file->card].info.vram_size ? FUZZ_BAD : FUZZ_GOOD;
}

/* Whose the buffer is, if it is somebody's: chance may have picked another address space. */
static u32 owner(const struct fuzz_file *file, u32 vm_id)
{
	for (u32 i = 0; i < FUZZ_VMS; i++)
		if (vm_id && file->vms[i].id == vm_id)
			return file->vms[i].unique;
	return 0;
}

/* Creates one, checks now and then that it reads as zeroes. */
static void create_bo(struct fuzz *f, struct fuzz_file *file, struct fuzz_bo *bo,
		      struct drm_pddgpu_gem_create *c)
{
	enum fuzz_expect expect = expect_create(file, c);

	if (expect == FUZZ_GOOD && c->vm_id && !owner(file, c->vm_id))
		expect = FUZZ_ANY;
	if (fuzz_ioctl(f, file, FUZZ_GEM_CREATE, c, expect))
		return;
	*bo = (struct fuzz_bo){
		.handle = c->handle,
		.size = c->size,
		.domains = c->domains,
		.flags = c->flags | (c->domains & ~7 ? DRM_PDDGPU_GEM_NO_CPU_ACCESS : 0),
		.vm = owner(file, c->vm_id),
	};
	if (fuzz_chance(f, 3) && !(bo->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS))
		fuzz_map_bo(f, file, bo, !file->shared && !f->racy);
}

static void step_gem_create(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = &file->bos[fuzz_below(f, FUZZ_BOS)];
	struct fuzz_vm *vm = fuzz_chance(f, 4) ? pick_vm(f, file) : NULL;
	struct drm_pddgpu_gem_create c = {
		.size = random_size(f, file),
		.domains = random_domains(f),
		.flags = random_flags(f),
		.alignment = fuzz_chance(f, 6) ? PDD_PAGE << fuzz_below(f, 12) : 0,
		.vm_id = vm ? vm->id : 0,
	};

	fuzz_mutate(f, &c, sizeof(c));
	forget_bo(f, file, bo);
	create_bo(f, file, bo, &c);
}

static void step_gem_close(struct fuzz *f, struct fuzz_file *file)
{
	forget_bo(f, file, fuzz_pick_bo(f, file));
}

static void step_gem_mmap(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_pddgpu_gem_mmap m = { .handle = pick_handle(f, bo) };
	bool odd = fuzz_mutate(f, &m, sizeof(m));

	fuzz_ioctl(f, file, FUZZ_GEM_MMAP, &m,
		   m.flags || (!odd && bo->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS &&
			       m.handle == bo->handle && !file->shared && !f->racy) ? FUZZ_BAD :
		   bo->handle && m.handle == bo->handle && !bo->foreign &&
		   !(bo->flags & DRM_PDDGPU_GEM_NO_CPU_ACCESS) ? FUZZ_GOOD : FUZZ_ANY);
}

static void check_info(struct fuzz *f, const struct fuzz_file *file, const struct fuzz_bo *bo,
		       const struct drm_pddgpu_gem_info *info)
{
	bool same = info->size == bo->size && (bo->foreign ||
		    (info->domains == bo->domains && info->flags == bo->flags));

	if (file->shared || f->racy || info->handle != bo->handle)
		return;
	if (!same)
		fuzz_fail(f, "GEM_INFO of handle %u: size %llu domains %#x flags %#x, made with size %llu domains %#x flags %#x",
			  bo->handle, info->size, info->domains, info->flags, bo->size, bo->domains,
			  bo->flags);
}

static void step_gem_info(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_pddgpu_gem_info info = { .handle = pick_handle(f, bo) };
	bool known;

	fuzz_mutate(f, &info, sizeof(info));
	known = bo->handle && info.handle == bo->handle;
	if (!fuzz_ioctl(f, file, FUZZ_GEM_INFO, &info,
			info.flags ? FUZZ_BAD : known ? FUZZ_GOOD : FUZZ_ANY))
		check_info(f, file, bo, &info);
}

static void step_gem_wait(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_pddgpu_gem_wait wait = {
		.handle = pick_handle(f, bo),
		.flags = (u32)fuzz_below(f, 2),
		.timeout_ns = fuzz_chance(f, 2) ? 0 : now_ns() + fuzz_below(f, WAIT_MAX_NS),
	};

	fuzz_mutate(f, &wait, sizeof(wait));
	fuzz_ioctl(f, file, FUZZ_GEM_WAIT, &wait,
		   wait.flags > 1 ? FUZZ_BAD :
		   bo->handle && wait.handle == bo->handle ? FUZZ_GOOD : FUZZ_ANY);
}

static void step_gem_madvise(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_bo *bo = fuzz_pick_bo(f, file);
	struct drm_pddgpu_gem_madvise m = {
		.handle = pick_handle(f, bo),
		.madv = (u32)fuzz_below(f, 2),
	};
	u32 want;
	int ret;

	fuzz_mutate(f, &m, sizeof(m));
	want = m.madv > DRM_PDDGPU_MADV_DONTNEED || m.pad ? FUZZ_BAD :
	       bo->handle && m.handle == bo->handle ? FUZZ_GOOD : FUZZ_ANY;
	ret = fuzz_ioctl(f, file, FUZZ_GEM_MADVISE, &m, want);
	if (!ret && m.retained > 1)
		fuzz_fail(f, "GEM_MADVISE of handle %u: retained is %u", m.handle, m.retained);
}

/* --- Address spaces ----------------------------------------------------- */

static bool bind_one(struct fuzz *f, struct fuzz_file *file, struct fuzz_vm *vm,
		     const struct fuzz_bo *bo, u64 addr)
{
	struct drm_pddgpu_vm_bind_op op = {
		.op = DRM_PDDGPU_VM_BIND_OP_MAP,
		.handle = bo->handle,
		.addr = addr,
		.range = bo->size,
	};
	struct drm_pddgpu_vm_bind bind = {
		.vm_id = vm->id,
		.num_ops = 1,
		.op_stride = sizeof(op),
		.ops = (uintptr_t)&op,
	};

	return !fuzz_ioctl(f, file, FUZZ_VM_BIND, &bind, FUZZ_GOOD);
}

/* A buffer for commands; the handle is closed, the mappings keep it. */
static void give_ib(struct fuzz *f, struct fuzz_file *file, struct fuzz_vm *vm)
{
	struct drm_pddgpu_gem_create c = {
		.size = FUZZ_IB_DWORDS * 4,
		.domains = fuzz_chance(f, 4) ? VRAM | GTT : GTT,
	};
	struct drm_pddgpu_gem_mmap m;
	struct fuzz_bo bo = { 0 };
	void *at = MAP_FAILED;

	if (fuzz_ioctl(f, file, FUZZ_GEM_CREATE, &c, FUZZ_GOOD))
		return;
	bo.handle = c.handle;
	bo.size = c.size;
	m = (struct drm_pddgpu_gem_mmap){ .handle = bo.handle };
	if (!fuzz_ioctl(f, file, FUZZ_GEM_MMAP, &m, FUZZ_GOOD))
		at = mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, m.offset);
	if (at != MAP_FAILED) {
		vm->ib = at;
		bind_one(f, file, vm, &bo, FUZZ_IB_VA);
	}
	forget_bo(f, file, &bo);
}

static void forget_vm(struct fuzz *f, struct fuzz_vm *vm)
{
	if (f->gate_at && vm->ib && f->gate_at == vm->ib + FUZZ_GATE_DWORD)
		f->gate = 0;
	/* Another thread may be writing there, and there could be another mapping soon. */
	if (vm->ib && !f->racy)
		munmap(vm->ib, FUZZ_IB_DWORDS * 4);
	*vm = (struct fuzz_vm){ 0 };
}

static void make_vm(struct fuzz *f, struct fuzz_file *file, struct fuzz_vm *vm)
{
	struct drm_pddgpu_vm_create c = { 0 };

	if (fuzz_ioctl(f, file, FUZZ_VM_CREATE, &c, FUZZ_GOOD))
		return;
	vm->id = c.vm_id;
	vm->unique = ++f->uniques;
	give_ib(f, file, vm);
}

static void destroy_vm(struct fuzz *f, struct fuzz_file *file, struct fuzz_vm *vm)
{
	struct drm_pddgpu_vm_destroy d = { .vm_id = vm->id };

	if (vm->id)
		fuzz_ioctl(f, file, FUZZ_VM_DESTROY, &d, FUZZ_GOOD);
	forget_vm(f, vm);
}

static void step_vm_create(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_vm *vm = &file->vms[fuzz_below(f, FUZZ_VMS)];
	struct drm_pddgpu_vm_create c = { 0 };
	struct drm_pddgpu_vm_destroy d;

	if (!fuzz_mutate(f, &c, sizeof(c))) {
		destroy_vm(f, file, vm);
		make_vm(f, file, vm);
		return;
	}
	if (fuzz_ioctl(f, file, FUZZ_VM_CREATE, &c, c.flags ? FUZZ_BAD : FUZZ_GOOD))
		return;
	d = (struct drm_pddgpu_vm_destroy){ .vm_id = c.vm_id };
	fuzz_ioctl(f, file, FUZZ_VM_DESTROY, &d, FUZZ_GOOD);
}

static void step_vm_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_pddgpu_vm_destroy d = { .vm_id = (u32)fuzz_odd(f) };

	if (fuzz_chance(f, 2)) {
		destroy_vm(f, file, pick_vm(f, file));
		return;
	}
	if (fuzz_ioctl(f, file, FUZZ_VM_DESTROY, &d, FUZZ_ANY))
		return;
	for (u32 i = 0; i < FUZZ_VMS; i++)
		if (file->vms[i].id == d.vm_id)
			forget_vm(f, &file->vms[i]);
}

/* Few places, so that mappings meet, and the ends of tables of all levels. */
static u64 random_va(struct fuzz *f)
{
	static const u64 bases[] = {
		PDD_LARGE_PAGE, 0x10000000, 0x10000000, 0x10000000, (1ULL << 30) - 4 * MIB,
		(1ULL << 39) - 4 * MIB, (1ULL << 47) - 4 * MIB, (1ULL << 48) - 8 * MIB,
		FUZZ_IB_VA - 4 * MIB,
	};
	u64 base = bases[fuzz_below(f, ARRAY_SIZE(bases))];

	if (fuzz_chance(f, 40))
		return fuzz_odd(f) & (fuzz_chance(f, 2) ? ~0ULL : ~(PDD_PAGE - 1));
	if (fuzz_chance(f, 2))
		return base + PDD_LARGE_PAGE * fuzz_below(f, 8);
	return base + PDD_PAGE * fuzz_below(f, 2048);
}

static bool good_range(const struct drm_pddgpu_vm_bind_op *op)
{
	return op->addr >= PDD_LARGE_PAGE && op->range && op->range <= 1ULL << 48 &&
	       op->addr <= (1ULL << 48) - op->range &&
	       !((op->addr | op->range | op->bo_offset) & (PDD_PAGE - 1));
}

static bool good_map(const struct drm_pddgpu_vm_bind_op *op, const struct fuzz_bo *bo,
		     const struct fuzz_vm *vm)
{
	return bo->handle && op->handle == bo->handle && !bo->foreign && op->bo_offset <= bo->size &&
	       op->range <= bo->size - op->bo_offset && bo->domains & (VRAM | GTT) &&
	       (!bo->vm || bo->vm == vm->unique);
}

static void random_unmap(struct fuzz *f, const struct fuzz_vm *vm, struct drm_pddgpu_vm_bind_op *op)
{
	u32 i = fuzz_below(f, FUZZ_BINDS);

	op->op = DRM_PDDGPU_VM_BIND_OP_UNMAP;
	op->addr = random_va(f);
	op->range = PDD_PAGE << fuzz_below(f, 14);
	if (vm->ranges[i] && fuzz_chance(f, 2)) {
		op->addr = vm->binds[i];
		op->range = vm->ranges[i];
	}
	if (fuzz_chance(f, 4) && op->range > 2 * PDD_PAGE) {
		op->addr += PDD_PAGE * fuzz_below(f, op->range / PDD_PAGE - 1);
		op->range = PDD_PAGE;
	}
}

static void random_map(struct fuzz *f, const struct fuzz_bo *bo, struct drm_pddgpu_vm_bind_op *op)
{
	u64 pages = bo->size / PDD_PAGE;

	op->op = DRM_PDDGPU_VM_BIND_OP_MAP;
	op->flags = fuzz_chance(f, 2) ? 0 : (u32)fuzz_below(f, 4);
	op->handle = pick_handle(f, bo);
	op->addr = random_va(f);
	op->range = bo->size;
	if (pages > 1 && fuzz_chance(f, 3)) {
		op->bo_offset = PDD_PAGE * fuzz_below(f, pages);
		op->range = PDD_PAGE * (1 + fuzz_below(f, pages - op->bo_offset / PDD_PAGE));
	}
}

/* Whether the operation is a good one. */
static bool random_op(struct fuzz *f, struct fuzz_file *file, const struct fuzz_vm *vm,
		      struct drm_pddgpu_vm_bind_op *op)
{
	const struct fuzz_bo *bo = fuzz_pick_bo(f, file);

	*op = (struct drm_pddgpu_vm_bind_op){ 0 };
	if (fuzz_chance(f, 4))
		random_unmap(f, vm, op);
	else
		random_map(f, bo, op);
	if (fuzz_mutate(f, op, sizeof(*op)))
		return false;
	return good_range(op) && (op->op == DRM_PDDGPU_VM_BIND_OP_UNMAP || good_map(op, bo, vm));
}

static void remember_binds(struct fuzz_vm *vm, const struct drm_pddgpu_vm_bind_op *ops, u32 num)
{
	for (u32 i = 0; i < num; i++) {
		if (ops[i].op != DRM_PDDGPU_VM_BIND_OP_MAP)
			continue;
		vm->binds[vm->next % FUZZ_BINDS] = ops[i].addr;
		vm->ranges[vm->next++ % FUZZ_BINDS] = ops[i].range;
	}
}

static void step_vm_bind(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_pddgpu_vm_bind_op ops[MAX_OPS];
	struct fuzz_vm *vm = pick_vm(f, file);
	struct drm_pddgpu_vm_bind bind = {
		.vm_id = vm->id,
		.num_ops = 1 + (u32)fuzz_below(f, MAX_OPS),
		.op_stride = sizeof(ops[0]),
	};
	bool good = vm->id, bad;

	for (u32 i = 0; i < bind.num_ops; i++)
		good &= random_op(f, file, vm, &ops[i]);
	bind.ops = fuzz_user(f, ops, bind.num_ops * sizeof(ops[0]), &bad);
	good &= !bad && !fuzz_mutate(f, &bind, sizeof(bind));
	fuzz_ioctl(f, file, FUZZ_VM_BIND, &bind,
		   bind.flags || bind.pad ? FUZZ_BAD : good ? FUZZ_GOOD : FUZZ_ANY);
	/* Unless the file was no card any more. */
	if (bind.num_done > bind.num_ops && !f->racy)
		fuzz_fail(f, "VM_BIND did %u of %u operations", bind.num_done, bind.num_ops);
	if (bind.num_done <= MAX_OPS)
		remember_binds(vm, ops, bind.num_done);
}

/* --- Contexts ----------------------------------------------------------- */

static void make_ctx(struct fuzz *f, struct fuzz_file *file, struct fuzz_ctx *ctx,
		     const struct fuzz_vm *vm)
{
	struct drm_pddgpu_ctx_create c = { .vm_id = vm->id };
	bool odd = fuzz_mutate(f, &c, sizeof(c));

	*ctx = (struct fuzz_ctx){ 0 };
	if (fuzz_ioctl(f, file, FUZZ_CTX_CREATE, &c,
		       c.flags || c.pad ? FUZZ_BAD : vm->id && !odd ? FUZZ_GOOD : FUZZ_ANY))
		return;
	ctx->id = c.ctx_id;
	ctx->vm = c.vm_id == vm->id ? vm->unique : 0;
}

static void destroy_ctx(struct fuzz *f, struct fuzz_file *file, struct fuzz_ctx *ctx)
{
	struct drm_pddgpu_ctx_destroy d = { .ctx_id = ctx->id };
	bool odd = fuzz_mutate(f, &d, sizeof(d));

	if (ctx->id && !fuzz_ioctl(f, file, FUZZ_CTX_DESTROY, &d,
				   d.pad ? FUZZ_BAD : odd ? FUZZ_ANY : FUZZ_GOOD))
		for (u32 i = 0; i < FUZZ_CTXS; i++)
			if (file->ctxs[i].id == d.ctx_id)
				file->ctxs[i] = (struct fuzz_ctx){ 0 };
}

static struct fuzz_ctx *pick_ctx(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_ctx *ctx = &file->ctxs[fuzz_below(f, FUZZ_CTXS)];

	for (u32 i = 0; i < TRIES && !ctx->id; i++)
		ctx = &file->ctxs[fuzz_below(f, FUZZ_CTXS)];
	return ctx;
}

static void step_ctx_create(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_ctx *ctx = &file->ctxs[fuzz_below(f, FUZZ_CTXS)];

	destroy_ctx(f, file, ctx);
	make_ctx(f, file, ctx, pick_vm(f, file));
}

static void step_ctx_destroy(struct fuzz *f, struct fuzz_file *file)
{
	destroy_ctx(f, file, pick_ctx(f, file));
}

static void step_ctx_query(struct fuzz *f, struct fuzz_file *file)
{
	const struct fuzz_ctx *ctx = pick_ctx(f, file);
	struct drm_pddgpu_ctx_query q = { .ctx_id = ctx->id };

	fuzz_mutate(f, &q, sizeof(q));
	if (fuzz_ioctl(f, file, FUZZ_CTX_QUERY, &q,
		       q.flags || q.pad ? FUZZ_BAD :
		       ctx->id && q.ctx_id == ctx->id ? FUZZ_GOOD : FUZZ_ANY))
		return;
	if (!(q.flags & DRM_PDDGPU_CTX_FAULTED) != !q.faults)
		fuzz_fail(f, "CTX_QUERY has flags %#x with %llu faults", q.flags, q.faults);
}

/* --- Submissions -------------------------------------------------------- */

static struct fuzz_vm *vm_of(struct fuzz_file *file, const struct fuzz_ctx *ctx)
{
	for (u32 i = 0; i < FUZZ_VMS; i++)
		if (file->vms[i].id && file->vms[i].unique == ctx->vm)
			return &file->vms[i];
	return NULL;
}

/* Whether all are there, once, one of each heap, and may be used with the context. */
static bool list_bos(struct fuzz *f, struct fuzz_file *file, const struct fuzz_ctx *ctx,
		     struct drm_pddgpu_cs_bo *list, u32 num)
{
	bool good = true;
	u32 heaps = 0;

	for (u32 i = 0; i < FUZZ_BOS; i++)
		file->bos[i].listed = false;
	for (u32 i = 0; i < num; i++) {
		struct fuzz_bo *bo = fuzz_pick_bo(f, file);

		list[i].handle = pick_handle(f, bo);
		list[i].flags = (u32)fuzz_below(f, 2);
		good &= bo->handle && list[i].handle == bo->handle && !bo->listed &&
			!bo->foreign && (!bo->vm || bo->vm == ctx->vm) &&
			!(bo->domains & heaps);
		heaps |= bo->domains & ~7;
		bo->listed = true;
	}
	return good;
}

/* Whether all are there and none is waited for, for it might have no fence. */
static bool list_syncs(struct fuzz *f, struct fuzz_file *file, struct drm_pddgpu_sync *list,
		       u32 num)
{
	bool good = true;

	for (u32 i = 0; i < num; i++) {
		list[i].handle = *fuzz_pick_sync(f, file);
		list[i].flags = !fuzz_chance(f, 3);
		list[i].point = fuzz_chance(f, 2) ? 0 : fuzz_below(f, 16);
		good &= list[i].handle && list[i].flags;
	}
	return good;
}

/* Writes commands where the address space has room for them. */
static bool write_ib(struct fuzz *f, struct fuzz_vm *vm, struct drm_pddgpu_cs *cs, bool *hangs)
{
	u32 dw[1024];
	u32 at = 64 * (u32)fuzz_below(f, 40);
	u32 room = fuzz_chance(f, 16) ? ARRAY_SIZE(dw) : 96;

	cs->ib_addr = FUZZ_IB_VA + 4 * at;
	cs->ib_dwords = fuzz_ib_fill(f, vm, dw, room, hangs);
	if (!vm || !vm->ib)
		return false;
	return !fuzz_guarded_copy(f, vm->ib + at, dw, 4 * cs->ib_dwords);
}

static void count_job(const struct drm_pddgpu_cs *cs, bool hangs)
{
	(void)cs;
	fuzz_shared->jobs++;
	if (hangs)
		fuzz_shared->hangs++;
}

static void step_cs(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_pddgpu_cs_bo bos[MAX_LIST] = { 0 };
	struct drm_pddgpu_sync syncs[MAX_LIST] = { 0 };
	const struct fuzz_ctx *ctx = pick_ctx(f, file);
	struct drm_pddgpu_cs cs = {
		.ctx_id = ctx->id,
		.engine = (u32)fuzz_below(f, 2),
		.num_bos = fuzz_chance(f, 2) ? 0 : (u32)fuzz_below(f, MAX_LIST),
		.bo_stride = sizeof(bos[0]),
		.num_syncs = fuzz_chance(f, 2) ? 0 : (u32)fuzz_below(f, MAX_LIST / 2),
		.sync_stride = sizeof(syncs[0]),
	};
	bool good = ctx->id, bad, worse, hangs;

	good &= list_bos(f, file, ctx, bos, cs.num_bos);
	good &= list_syncs(f, file, syncs, cs.num_syncs);
	write_ib(f, vm_of(file, ctx), &cs, &hangs);
	good &= !fuzz_mutate(f, bos, sizeof(bos)) && !fuzz_mutate(f, syncs, sizeof(syncs));
	cs.bos = fuzz_user(f, bos, cs.num_bos * sizeof(bos[0]), &bad);
	cs.syncs = fuzz_user(f, syncs, cs.num_syncs * sizeof(syncs[0]), &worse);
	/* The two lists may have got the same place. */
	good &= !bad && !worse && !(cs.num_bos && cs.num_syncs);
	good &= !fuzz_mutate(f, &cs, sizeof(cs));
	if (!fuzz_ioctl(f, file, FUZZ_CS, &cs,
			cs.flags || cs.engine > 1 || cs.ib_addr % 4 || !cs.ib_dwords ? FUZZ_BAD :
			good ? FUZZ_GOOD : FUZZ_ANY))
		count_job(&cs, hangs);
}

/* A job that is pending for some steps, until the CPU lets it go. */
static void step_gate(struct fuzz *f, struct fuzz_file *file)
{
	const struct fuzz_ctx *ctx = pick_ctx(f, file);
	struct fuzz_vm *vm = vm_of(file, ctx);
	const u64 at = FUZZ_IB_VA + 4 * FUZZ_GATE_DWORD;
	const u32 dw[] = { PDDGPU_PKT(PDDGPU_OP_WAIT, PDDGPU_WAIT_EQ, PDDGPU_WAIT_COUNT),
			   (u32)at, (u32)(at >> 32), 1, 1 };
	const u32 closed = 0, start = FUZZ_IB_DWORDS - 32;
	struct drm_pddgpu_cs cs = {
		.ctx_id = ctx->id,
		.engine = (u32)fuzz_below(f, 2),
		.ib_addr = FUZZ_IB_VA + 4 * start,
		.ib_dwords = ARRAY_SIZE(dw),
	};

	if (f->gate || !vm || !vm->ib ||
	    fuzz_guarded_copy(f, vm->ib + FUZZ_GATE_DWORD, &closed, 4) ||
	    fuzz_guarded_copy(f, vm->ib + start, dw, sizeof(dw)))
		return;
	f->gate_at = vm->ib + FUZZ_GATE_DWORD;
	if (!fuzz_ioctl(f, file, FUZZ_CS, &cs, FUZZ_GOOD)) {
		f->gate = f->step + 1 + (u32)fuzz_below(f, 8);
		count_job(&cs, false);
	}
}

/* --- Questions ---------------------------------------------------------- */

static void step_info(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_pddgpu_info info = {
		.query = (u32)fuzz_below(f, 3),
		.size = (u32)fuzz_below(f, 256),
	};
	bool bad;

	info.data = fuzz_user(f, NULL, info.size, &bad);
	bad |= fuzz_mutate(f, &info, sizeof(info));
	fuzz_ioctl(f, file, FUZZ_INFO, &info,
		   info.query > 2 ? FUZZ_BAD : bad ? FUZZ_ANY : FUZZ_GOOD);
}

/* --- A new file --------------------------------------------------------- */

void fuzz_file_setup(struct fuzz *f, struct fuzz_file *file)
{
	for (u32 i = 0; i < 2; i++) {
		make_vm(f, file, &file->vms[i]);
		make_ctx(f, file, &file->ctxs[i], &file->vms[i]);
	}
	for (u32 i = 0; i < 4; i++)
		step_gem_create(f, file);
	for (u32 i = 0; i < 4; i++)
		step_vm_bind(f, file);
}

void fuzz_file_forget(struct fuzz *f, struct fuzz_file *file)
{
	for (u32 i = 0; i < FUZZ_VMS; i++)
		forget_vm(f, &file->vms[i]);
	*file = (struct fuzz_file){ .fd = -1 };
}

static const struct fuzz_step steps[] = {
	{ "INFO", step_info, 3 },
	{ "GEM_CREATE", step_gem_create, 18 },
	{ "GEM_CLOSE", step_gem_close, 6 },
	{ "GEM_MMAP", step_gem_mmap, 2 },
	{ "GEM_INFO", step_gem_info, 4 },
	{ "GEM_WAIT", step_gem_wait, 6 },
	{ "GEM_MADVISE", step_gem_madvise, 5 },
	{ "VM_CREATE", step_vm_create, 2 },
	{ "VM_DESTROY", step_vm_destroy, 1 },
	{ "VM_BIND", step_vm_bind, 24 },
	{ "CTX_CREATE", step_ctx_create, 4 },
	{ "CTX_DESTROY", step_ctx_destroy, 2 },
	{ "CTX_QUERY", step_ctx_query, 3 },
	{ "CS", step_cs, 40 },
	{ "gated CS", step_gate, 2 },
};

const struct fuzz_steps fuzz_driver_steps = { steps, ARRAY_SIZE(steps) };
