// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Data-parallel packets, of the compute engine. */
#include "crc32.h"
#include "cursor.h"
#include "engine.h"
#include "ops.h"

#define MAP_MAX_WORDS		BIT_ULL(32)
#define CRC32_MAX_BYTES		BIT_ULL(40)
#define MANDELBROT_MAX_SIDE	16384
#define MANDELBROT_MAX_STEPS	65535
#define Q28_TWO			((int64_t)2 << 28)
#define Q56_FOUR		((int64_t)4 << 56)

/* --- MAP ---------------------------------------------------------------- */

struct map {
	const struct packet *packet;
	struct cursor a, b, to;
	bool has_a, has_b;
	uint32_t scalar;
	uint32_t index;		/* of the first word that is left, modulo 2^32 */
};

static int map_open(struct map *m)
{
	const struct packet *p = m->packet;
	uint64_t size = 4 * packet_u64(p, 6);
	struct mmu_range a = { .va = packet_u64(p, 0), .size = size };
	struct mmu_range b = { .va = packet_u64(p, 2), .size = size };
	struct mmu_range to = { .va = packet_u64(p, 4), .size = size, .write = true };
	int err = 0;

	if (m->has_a)
		err = cursor_init(&m->a, p, &a);
	if (!err && m->has_b)
		err = cursor_init(&m->b, p, &b);
	if (!err)
		err = cursor_init(&m->to, p, &to);
	return err;
}

static void map_words(const struct map *m, size_t words)
{
	const uint32_t *a = (const uint32_t *)m->a.host;
	const uint32_t *b = (const uint32_t *)m->b.host;
	uint32_t *to = (uint32_t *)m->to.host;
	size_t i;

	switch (m->packet->flags) {
	case PDDGPU_MAP_ADD:
		for (i = 0; i < words; i++)
			to[i] = a[i] + b[i];
		break;
	case PDDGPU_MAP_XOR:
		for (i = 0; i < words; i++)
			to[i] = a[i] ^ b[i];
		break;
	case PDDGPU_MAP_MULADD:
		for (i = 0; i < words; i++)
			to[i] = a[i] * m->scalar + b[i];
		break;
	case PDDGPU_MAP_HASH:
		for (i = 0; i < words; i++)
			to[i] = pddgpu_hash32(a[i] ^ m->scalar);
		break;
	default:
		for (i = 0; i < words; i++)
			to[i] = pddgpu_hash32(m->scalar + m->index + (uint32_t)i);
		break;
	}
}

/* Runs the words that one page each of sources and target hold. */
static int map_piece(struct map *m)
{
	struct engine *e = m->packet->engine;
	size_t size = OPS_PIECE;
	int err = 0;

	if (m->has_a)
		err = cursor_get(&m->a, &size);
	if (!err && m->has_b)
		err = cursor_get(&m->b, &size);
	if (!err)
		err = cursor_get(&m->to, &size);
	if (err)
		return err;
	map_words(m, size / 4);
	m->index += (uint32_t)(size / 4);
	if (m->has_a)
		cursor_advance(&m->a, size);
	if (m->has_b)
		cursor_advance(&m->b, size);
	cursor_advance(&m->to, size);
	stats_add(&e->stats, PDDGPU_STAT_BYTES_READ, size * (m->has_a + m->has_b));
	stats_add(&e->stats, PDDGPU_STAT_BYTES_WRITTEN, size);
	return engine_breathe(e);
}

static bool map_valid(const struct map *m)
{
	const struct packet *p = m->packet;
	uint64_t a = packet_u64(p, 0), b = packet_u64(p, 2), to = packet_u64(p, 4);
	uint64_t words = packet_u64(p, 6);

	if (p->flags > PDDGPU_MAP_IOTA || (a | b | to) & 3)
		return false;
	if ((!m->has_a && a) || (!m->has_b && b))
		return false;
	return words && words <= MAP_MAX_WORDS;
}

int op_map(const struct packet *p)
{
	struct map m = {
		.packet = p,
		.has_a = p->flags != PDDGPU_MAP_IOTA,
		.has_b = p->flags <= PDDGPU_MAP_MULADD,
		.scalar = p->arg[8],
	};
	int err;

	if (!map_valid(&m))
		return PDDGPU_ERR_OPERAND;
	err = map_open(&m);
	while (!err && m.to.range.size)
		err = map_piece(&m);
	return err;
}

/* --- CRC32 -------------------------------------------------------------- */

int op_crc32(const struct packet *p)
{
	struct mmu_range source = { .va = packet_u64(p, 0), .size = packet_u64(p, 2) };
	struct mmu_range target = {
		.va = packet_u64(p, 4), .size = 4, .vmid = p->vmid, .write = true,
	};
	struct cursor from;
	uint32_t crc = 0;
	uint8_t *to;
	int err;

	if (target.va & 3 || !source.size || source.size > CRC32_MAX_BYTES)
		return PDDGPU_ERR_OPERAND;
	err = cursor_init(&from, p, &source);
	if (!err)
		err = mmu_check_range(&p->engine->port, &target);
	while (!err && from.range.size) {
		size_t size = OPS_PIECE;

		err = cursor_get(&from, &size);
		if (err)
			break;
		crc = crc32_update(crc, from.host, size);
		cursor_advance(&from, size);
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_READ, size);
		err = engine_breathe(p->engine);
	}
	if (!err)
		err = packet_word(p, target.va, sizeof(crc), true, &to);
	if (err)
		return err;
	__atomic_store_n((uint32_t *)to, crc, __ATOMIC_RELEASE);
	stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_WRITTEN, sizeof(crc));
	return 0;
}

/* --- MANDELBROT --------------------------------------------------------- */

/*
 * The least n for which |z(n)| > 2, z(0) = 0, z(n + 1) = z(n)^2 + c; @limit if
 * there is none below it.  A part beyond 2 has escaped already and would not fit
 * the product.
 */
static uint32_t mandelbrot_steps(int64_t re, int64_t im, uint32_t limit)
{
	int64_t x = 0, y = 0;
	uint32_t n;

	for (n = 0; n < limit; n++) {
		int64_t next;

		if (x > Q28_TWO || x < -Q28_TWO || y > Q28_TWO || y < -Q28_TWO)
			break;
		if (x * x + y * y > Q56_FOUR)
			break;
		next = ((x * x - y * y) >> 28) + re;
		y = ((2 * x * y) >> 28) + im;
		x = next;
	}
	return n;
}

/* Black inside; outside a hue that turns with the steps. */
static uint32_t mandelbrot_colour(uint32_t n, uint32_t limit)
{
	if (n == limit)
		return 0;
	return (n * 5 & 0xff) << 16 | (n * 3 & 0xff) << 8 | (n * 9 & 0xff);
}

static int mandelbrot_row(const struct packet *p, struct cursor *to, int64_t im)
{
	int32_t step = (int32_t)p->arg[7];
	uint32_t limit = p->arg[8], *host;
	int64_t re = (int32_t)p->arg[5];
	size_t size;
	int err = 0;

	while (!err && to->range.size) {
		uint32_t n = mandelbrot_steps(re, im, limit);

		size = sizeof(*host);
		err = cursor_get(to, &size);
		if (err)
			break;
		host = (uint32_t *)to->host;
		*host = mandelbrot_colour(n, limit);
		cursor_advance(to, size);
		stats_add(&p->engine->stats, PDDGPU_STAT_BYTES_WRITTEN, size);
		re = (int32_t)((uint32_t)re + (uint32_t)step);
		err = engine_breathe(p->engine);
	}
	return err;
}

static bool mandelbrot_valid(const struct packet *p)
{
	uint32_t pitch = p->arg[2], width = p->arg[3], height = p->arg[4];

	if ((p->arg[0] | pitch) & 3 || !p->arg[8] || p->arg[8] > MANDELBROT_MAX_STEPS)
		return false;
	if (!width || width > MANDELBROT_MAX_SIDE || !height || height > MANDELBROT_MAX_SIDE)
		return false;
	return pitch / 4 >= width;
}

int op_mandelbrot(const struct packet *p)
{
	uint32_t pitch = p->arg[2], width = p->arg[3], height = p->arg[4];
	uint64_t va = packet_u64(p, 0);
	int32_t im = (int32_t)p->arg[6];
	struct mmu_range row = { .va = va, .vmid = p->vmid, .write = true };
	struct cursor to;
	int err;

	if (!mandelbrot_valid(p))
		return PDDGPU_ERR_OPERAND;
	row.size = (uint64_t)pitch * (height - 1) + 4 * width;
	err = mmu_check_range(&p->engine->port, &row);
	row.size = 4 * width;
	for (uint32_t y = 0; !err && y < height; y++) {
		err = cursor_init(&to, p, &row);
		if (!err)
			err = mandelbrot_row(p, &to, im);
		row.va += pitch;
		im = (int32_t)((uint32_t)im + p->arg[7]);
	}
	return err;
}
