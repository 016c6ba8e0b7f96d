// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What is left of a job that hung or failed: a dump that says whose it was, where
 * it stopped and what it had mapped, that shows nobody else's data, and that is
 * nobody's burden.
 */
#include "test.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COPY		DRM_PDDGPU_ENGINE_COPY
#define COMPUTE		DRM_PDDGPU_ENGINE_COMPUTE
#define DUMP_NS		10000000000ULL	/* a hung job has its dump well before that */
#define KILL_NS		10000000000ULL
#define QUIET_MS	500		/* a dump that does not come by then never does */
#define FAR		(1ULL << 40)	/* from where on nothing is bound */
#define MARKER		0x5ec2e75aU	/* a dword that only the innocent have */
#define ROUNDS		5		/* of a hang on each engine */

/* --- Getting dumps ---------------------------------------------------- */

static void link_of(const struct pdd_dev *dev, char path[PATH_MAX], const char *file)
{
	snprintf(path, PATH_MAX, "/sys/bus/pci/devices/%s/devcoredump%s", dev->pci, file);
}

static bool pending(const struct pdd_dev *dev)
{
	char path[PATH_MAX];

	link_of(dev, path, "");
	return !access(path, F_OK);
}

/* Writing to a dump frees it, a moment later. */
static void discard(const struct pdd_dev *dev)
{
	const u64 end = now_ns() + test_late_ns(DUMP_NS);
	char path[PATH_MAX];

	link_of(dev, path, "/data");
	if (pending(dev))
		CHECK_OK(write_text(path, "1"));
	while (pending(dev)) {
		CHECK(now_ns() < end);
		sleep_ms(1);
	}
}

static char *fetch(const struct pdd_dev *dev)
{
	const u64 end = now_ns() + test_late_ns(DUMP_NS);
	char path[PATH_MAX], *text;

	while (!pending(dev)) {
		if (now_ns() > end)
			FAIL("there is no dump");
		sleep_ms(5);
	}
	link_of(dev, path, "/data");
	text = read_text(path);
	if (!text)
		FAIL("cannot read %s: %s", path, strerror(errno));
	return text;
}

/* Begins with no dump, whatever other tests have left. */
static void client(struct pdd_client *c)
{
	test_client(c);
	discard(&c->dev);
}

/* --- Reading them ----------------------------------------------------- */

/* The line after @text that begins like this, or NULL. */
static const char *next_line(const char *text, const char *begin)
{
	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, begin, strlen(begin)))
			return at;
	}
	return NULL;
}

static const char *line(const char *text, const char *begin)
{
	const char *at = next_line(text, begin);

	if (!at)
		FAIL("the dump has no line \"%s\"", begin);
	return at;
}

/* The value of a key in a line, up to what ends it; or NULL. */
static const char *find_value(const char *at, const char *key)
{
	const char *end = at + strcspn(at, "\n");
	const size_t len = strlen(key);

	for (; at < end; at++)
		if (!strncmp(at, key, len) && !strncmp(at + len, ": ", 2) &&
		    (strchr(" {-", at[-1]) || at[-1] == '\n'))
			return at + len + 2;
	return NULL;
}

static const char *value(const char *at, const char *key)
{
	const char *v = find_value(at, key);

	if (!v)
		FAIL("there is no %s in \"%.*s\"", key, (int)strcspn(at, "\n"), at);
	return v;
}

static u64 number(const char *at, const char *key)
{
	return strtoull(value(at, key), NULL, 0);
}

static bool is(const char *at, const char *key, const char *want)
{
	const char *v = value(at, key);

	return !strncmp(v, want, strlen(want)) && strchr(",}\n", v[strlen(want)]);
}

#define CHECK_IS(at, key, want) do {					\
	if (!is(at, key, want))						\
		FAIL("%s is not %s in \"%.*s\"", key, want,		\
		     (int)strcspn(at, "\n"), at);			\
} while (0)

/* The line of a list, from @text on, in which a key has this value; or NULL. */
static const char *find_item(const char *text, const char *item, const char *key, u64 want)
{
	for (const char *at = next_line(text, item); at; at = next_line(at + 1, item)) {
		const char *v = find_value(at, key);

		if (v && strtoull(v, NULL, 0) == want)
			return at;
	}
	return NULL;
}

static const char *item(const char *text, const char *begin, const char *key, u64 want)
{
	const char *at = find_item(text, begin, key, want);

	if (!at)
		FAIL("the dump has no item with %s %#llx", key, want);
	return at;
}

/* The last line of a walk through the page tables, which says where it ended. */
static const char *walk_end(const char *text, const char *of)
{
	char begin[32];
	const char *at, *last;

	snprintf(begin, sizeof(begin), "- of: %s", of);
	at = line(line(text, "page_tables:"), begin);
	at = line(at, "  levels:");
	for (last = NULL; !strncmp(at += strcspn(at, "\n") + 1, "  - {", 5); )
		last = at;
	if (!last)
		FAIL("the walk of the %s has no levels", of);
	return last;
}

/* --- Its form --------------------------------------------------------- */

static const char *check_key(const char *at, const char *text)
{
	const char *start = at;

	while (islower(*at) || *at == '_')
		at++;
	if (at == start || *at != ':')
		FAIL("no key at \"%.*s\"", (int)strcspn(text, "\n"), text);
	return at + 1;
}

/* A number, a word, a string that hides nothing, or a list of numbers. */
static const char *check_scalar(const char *at, const char *text)
{
	const char *start = at;

	if (*at == '"') {
		for (at++; *at != '"'; at++) {
			at += *at == '\\';
			if (*at < ' ' || *at > '~')
				FAIL("a string does not end in \"%.*s\"",
				     (int)strcspn(text, "\n"), text);
		}
		return at + 1;
	}
	if (*at == '[')
		at += strspn(at, "[0123456789abcdefx, ") + 1;
	else
		at += strspn(at, "0123456789abcdefghijklmnopqrstuvwxyzACDEFHIMNOPRSTUVWXYBQGKLZ_.-");
	if (at == start)
		FAIL("no value at \"%.*s\"", (int)strcspn(text, "\n"), text);
	return at;
}

static const char *check_map(const char *at, const char *text)
{
	for (;;) {
		at = check_key(at + 1, text);
		at = check_scalar(at + 1, text);
		if (*at == '}')
			return at + 1;
		if (strncmp(at, ", ", 2))
			FAIL("a map does not go on in \"%.*s\"", (int)strcspn(text, "\n"), text);
		at++;
	}
}

/* "key: value", "key:" or "key: {...}", or "{...}" alone in a list */
static const char *check_line(const char *text)
{
	const char *at = text + strspn(text, " ");

	if (!strncmp(at, "- ", 2))
		at += 2;
	if (*at == '{') {
		at = check_map(at, text);
	} else {
		at = check_key(at, text);
		if (!strncmp(at, " {", 2))
			at = check_map(at + 1, text);
		else if (*at == ' ')
			at = check_scalar(at + 1, text);
	}
	if (*at != '\n')
		FAIL("there is more in \"%.*s\"", (int)strcspn(text, "\n"), text);
	return at + 1;
}

static void check_form(const char *text)
{
	static const char *const keys[] = {
		"format: 1\n", "reason:", "time:", "kernel:", "driver: pddgpu\n", "uapi:",
		"dropped:", "card:", "process:", "job:", "error:", "engines:", "- name: copy\n",
		"- name: compute\n", "command_buffer:", "page_tables:", "address_space:",
		"mappings:", "buffers:", "end: yes\n",
	};
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		at = line(at, keys[i]);
	CHECK_EQ(strlen(at), strlen("end: yes\n"));
	for (at = text; *at; )
		at = check_line(at);
}

/* --- Jobs that go wrong ----------------------------------------------- */

/* A command buffer that waits for ever, in its second packet. */
static struct pdd_ib hanging_ib(struct pdd_client *c)
{
	struct pdd_bo never = test_bo(c, PDD_PAGE, GTT);
	struct pdd_ib ib = test_ib(c, 64);

	pdd_nop(&ib, 2);
	pdd_wait(&ib, PDDGPU_WAIT_EQ, never.va, 1, ~0u);
	pdd_nop(&ib, 1);
	return ib;
}

static u32 submit(struct pdd_client *c, u32 engine, struct pdd_ib *ib)
{
	u32 out;

	CHECK_OK(pdd_submit_out(c, engine, ib, NULL, 0, &out));
	return out;
}

static void expect_failed(struct pdd_client *c, u32 out)
{
	CHECK_OK(pdd_syncobj_wait(&c->dev, out, test_late_ns(KILL_NS)));
	CHECK(pdd_syncobj_status(&c->dev, out) < 0);
}

static void hang(struct pdd_client *c, u32 engine)
{
	struct pdd_ib ib = hanging_ib(c);

	expect_failed(c, submit(c, engine, &ib));
}

/* By a process of its own, of which nothing is left then. */
static pid_t fork_hang(u32 engine)
{
	const pid_t pid = test_fork();
	struct pdd_client c;

	if (!pid) {
		test_client(&c);
		hang(&c, engine);
		_exit(0);
	}
	return pid;
}

/* Stores to an address and fails. */
static void fault(struct pdd_client *c, u32 engine, u64 va)
{
	struct pdd_ib ib = test_ib(c, 16);

	pdd_write32(&ib, va, 1);
	expect_failed(c, submit(c, engine, &ib));
}

static volatile u32 *fault_switch(struct pdd_client *c, u32 reg)
{
	return &test_registers(&c->dev)[reg / 4];
}

static void check_process(const char *dump, pid_t pid)
{
	const char *process = line(dump, "process:");

	CHECK_EQ(number(process, "pid"), pid);
	CHECK_IS(process, "kernel", "no");
	CHECK(number(process, "client") > 0);
}

static void check_job(const char *dump, u32 engine, const struct pdd_ib *ib)
{
	const char *job = line(dump, "job:");

	CHECK_IS(job, "engine", engine == COPY ? "copy" : "compute");
	CHECK_EQ(number(job, "ib"), ib->bo.va);
	CHECK_EQ(number(job, "count"), ib->n);
}

/* What the dump shows of the command buffer, at a dword, is what is in it. */
static void check_packet(const char *dump, const struct pdd_ib *ib, u32 at, const char *packet)
{
	const char *shown = line(dump, "command_buffer:");
	const char *here = item(shown, "  - {", "at", at);
	const char *dword;
	u32 count = ib->dw[at] & 0xffff;

	CHECK_EQ(number(shown + strcspn(shown, "\n") + 1, "address"), ib->bo.va);
	CHECK_IS(here, "packet", packet);
	CHECK_IS(here, "here", "yes");
	dword = value(here, "dwords") + 1;
	for (u32 i = 0; i <= count; i++) {
		CHECK_EQ(strtoull(dword, (char **)&dword, 0), ib->dw[at + i]);
		dword += 2;
	}
}

static void check_buffer(const char *dump, const struct pdd_bo *bo, u32 domains,
			 const char *placement)
{
	const char *buffers = line(dump, "buffers:");
	const char *at = item(buffers, "- {", "buffer", bo->va);
	const char *map = item(line(dump, "mappings:"), "- {", "start", bo->va);

	CHECK_EQ(number(at, "size"), bo->size);
	CHECK_EQ(number(at, "domains"), domains);
	CHECK_IS(at, "placement", placement);
	CHECK_EQ(number(at, "mappings"), 1);
	CHECK(number(at, "runs") > 0);
	CHECK(map < buffers);
	CHECK_EQ(number(map, "end"), bo->va + bo->size);
	CHECK_EQ(number(map, "buffer"), bo->va);
}

/* --- Tests ------------------------------------------------------------ */

/* Everything that there is to know about a job that hangs is in the dump. */
static void hangs(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_bo vram, gtt;
	struct pdd_ib ib;
	const char *dump, *at, *own;
	u64 seqno;

	/* A name that would be several lines, and end the string. */
	CHECK(!prctl(PR_SET_NAME, "a\"b\\c\nend: yes\n"));
	client(&c);
	vram = test_bo(&c, MIB, VRAM);
	gtt = test_bo(&c, 2 * PDD_PAGE, GTT);
	ib = hanging_ib(&c);
	expect_failed(&c, submit(&c, engine, &ib));
	dump = fetch(&c.dev);
	check_form(dump);
	CHECK_IS(line(dump, "reason"), "reason", "hang");
	CHECK_EQ(number(line(dump, "error:"), "number"), 0);
	CHECK(!next_line(dump, "fault:"));
	check_process(dump, getpid());
	CHECK_IS(line(dump, "process:"), "name", "\"a\\x22b\\x5cc\\x0aend: yes\\x0a\"");
	CHECK_EQ(number(line(dump, "card:"), "vram"), c.dev.info.vram_size);
	check_job(dump, engine, &ib);
	CHECK_EQ(number(line(dump, "job:"), "at"), 3);
	check_packet(dump, &ib, 3, "WAIT");
	check_buffer(dump, &vram, VRAM, "vram");
	check_buffer(dump, &gtt, GTT, "gtt");
	check_buffer(dump, &ib.bo, GTT, "gtt");

	/* The engine stands in the command buffer that its ring has called. */
	seqno = number(line(dump, "job:"), "seqno");
	own = line(dump, engine == COPY ? "- name: copy" : "- name: compute");
	at = line(own, "  registers:");
	CHECK_EQ(number(at, "ib_base"), ib.bo.va);
	CHECK_EQ(number(at, "ib_rptr"), 3);
	CHECK_EQ(number(at, "status"), PDDGPU_ENGINE_STATUS_BUSY);
	CHECK(number(line(own, "  writeback:"), "seqno") < seqno);
	at = item(line(own, "  fences:"), "  - {", "seqno", seqno);
	CHECK_EQ(number(at, "pid"), getpid());
	CHECK_EQ(number(at, "ib"), ib.bo.va);
	at = item(line(own, "  ring:"), "  - {", "at", number(line(own, "  registers:"), "rptr"));
	CHECK_IS(at, "packet", "INDIRECT");
	CHECK_IS(at, "here", "yes");

	at = walk_end(dump, "packet");
	CHECK_IS(at, "is", "leaf");
	CHECK_EQ(number(at, "level"), 0);
	CHECK_IS(at, "system", "yes");
	CHECK_IS(at, "read", "yes");
	discard(&c.dev);
}

/* The engine stops dead inside a packet. */
static void injected(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_ib ib;
	const char *dump;

	client(&c);
	ib = test_ib(&c, 32);
	expect_failed(&c, test_hang(&c, engine, &ib));
	dump = fetch(&c.dev);
	check_form(dump);
	CHECK_IS(line(dump, "reason"), "reason", "hang");
	check_process(dump, getpid());
	check_job(dump, engine, &ib);
	discard(&c.dev);
}

/* A ring that the card cannot read stops the engine at once. */
static void halted(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_ib ib;
	const char *dump, *own;
	u32 out;

	client(&c);
	ib = test_ib(&c, 16);
	pdd_nop(&ib, 3);
	CHECK_OK(pdd_run(&c, engine, &ib, NULL, 0));
	pdd_nop(&ib, 3);
	*fault_switch(&c, PDDGPU_REG_INJECT_DMA_ERROR) = 1;
	out = submit(&c, engine, &ib);
	CHECK_OK(pdd_syncobj_wait(&c.dev, out, test_late_ns(KILL_NS)));
	dump = fetch(&c.dev);
	check_form(dump);
	CHECK_IS(line(dump, "reason"), "reason", "halt");
	CHECK_EQ(number(line(dump, "error:"), "number"), PDDGPU_ERR_BUS);
	check_job(dump, engine, &ib);
	own = line(dump, engine == COPY ? "- name: copy" : "- name: compute");
	CHECK_EQ(number(line(own, "  registers:"), "status") & PDDGPU_ENGINE_STATUS_HALTED,
		 PDDGPU_ENGINE_STATUS_HALTED);
	discard(&c.dev);
	test_check_alive(0);
}

/* Where a walk ends: at which level, by what, and for which address. */
struct stop {
	u64 offset;		/* of the address from a small page that is bound */
	u32 level;
	u32 engine;
};

static void fault_at(struct pdd_client *c, u32 engine, u64 va, u32 error)
{
	struct pdd_ib ib = test_ib(c, 64);
	const char *dump, *at;

	pdd_nop(&ib, 4);
	pdd_write32(&ib, va, 1);
	expect_failed(c, submit(c, engine, &ib));
	dump = fetch(&c->dev);
	check_form(dump);
	CHECK_IS(line(dump, "reason"), "reason", "error");
	CHECK_EQ(number(line(dump, "error:"), "number"), error);
	check_process(dump, getpid());
	check_job(dump, engine, &ib);
	at = line(dump, "fault:");
	CHECK_EQ(number(at, "address"), va);
	CHECK_IS(at, "access", "write");
	CHECK_EQ(number(at, "engine"), engine);
	CHECK_IS(at, "packet", "WRITE");
	CHECK_EQ(number(at, "error"), error);
	CHECK_EQ(number(at, "offset"), 5 * 4);
	CHECK_EQ(number(line(dump, "job:"), "at"), 5);
	check_packet(dump, &ib, 5, "WRITE");
}

static void fault_stops(const void *arg)
{
	const struct stop *stop = arg;
	struct pdd_client c;
	struct pdd_bo bo;
	const char *dump, *at;

	client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &bo));
	CHECK_OK(pdd_bind(&c, &bo, 0, FAR, PDD_PAGE, 0));
	fault_at(&c, stop->engine, FAR + stop->offset, PDDGPU_ERR_UNMAPPED);
	dump = fetch(&c.dev);
	at = walk_end(dump, "fault");
	CHECK_EQ(number(at, "level"), stop->level);
	CHECK_IS(at, "is", "invalid");
	CHECK_EQ(number(at, "index"), (FAR + stop->offset) >> PDDGPU_PT_SHIFT(stop->level) & 511);
	CHECK_EQ(number(line(line(dump, "page_tables:"), "  root:"), "root"),
		 number(line(dump, "job:"), "root"));
	item(line(dump, "mappings:"), "- {", "start", FAR);
	discard(&c.dev);
}

/* Where no page table reaches there is nothing to walk. */
static void fault_beyond(const void *arg)
{
	static const char none[] = "  levels:\n- of: packet\n";
	const u64 va = 1ULL << PDDGPU_VA_BITS;
	struct pdd_client c;
	const char *dump;

	(void)arg;
	client(&c);
	fault_at(&c, COMPUTE, va, PDDGPU_ERR_UNMAPPED);
	dump = line(line(fetch(&c.dev), "page_tables:"), "- of: fault");
	CHECK_EQ(number(line(dump, "  address"), "address"), va);
	CHECK(!strncmp(line(dump, "  levels:"), none, strlen(none)));
	discard(&c.dev);
}

/* The way to memory that may be read but not written, in small and large pages. */
static void fault_readonly(const void *arg)
{
	const bool large = *(const bool *)arg;
	struct pdd_client c;
	struct pdd_bo bo;
	const char *dump, *at;

	client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_LARGE_PAGE, VRAM, 0, &bo));
	CHECK_OK(pdd_bind(&c, &bo, 0, FAR, bo.size, DRM_PDDGPU_VM_BIND_READONLY |
			  (large ? 0 : DRM_PDDGPU_VM_BIND_SMALL_PAGES)));
	fault_at(&c, COMPUTE, FAR + 5 * PDD_PAGE, PDDGPU_ERR_PERMISSION);
	dump = fetch(&c.dev);
	at = walk_end(dump, "fault");
	CHECK_IS(at, "is", "leaf");
	CHECK_EQ(number(at, "level"), large ? 1 : 0);
	CHECK_IS(at, "system", "no");
	CHECK_IS(at, "read", "yes");
	CHECK_IS(at, "write", "no");
	at = item(line(dump, "buffers:"), "- {", "buffer", FAR);
	CHECK_EQ(number(walk_end(dump, "fault"), "to"),
		 number(at, "vram") + (large ? 0 : 5 * PDD_PAGE));
	discard(&c.dev);
}

/* A packet that makes no sense, behind more of them than are shown. */
static void bad_packet(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	struct pdd_ib ib;
	const char *dump;
	u32 at;

	client(&c);
	ib = test_ib(&c, 4096);
	for (u32 i = 0; i < 1000; i++)
		pdd_nop(&ib, 1);
	at = ib.n;
	pdd_packet(&ib, 0xee, 0, NULL, 0);
	for (u32 i = 0; i < 500; i++)
		pdd_nop(&ib, 1);
	expect_failed(&c, submit(&c, engine, &ib));
	dump = fetch(&c.dev);
	check_form(dump);
	CHECK_IS(line(dump, "reason"), "reason", "error");
	CHECK_EQ(number(line(dump, "error:"), "number"), PDDGPU_ERR_OPCODE);
	CHECK_EQ(number(line(dump, "fault:"), "opcode"), 0xee);
	check_job(dump, engine, &ib);
	check_packet(dump, &ib, at, "unknown");
	CHECK(!find_item(line(dump, "command_buffer:"), "  - {", "at", 0));
	CHECK(!next_line(line(dump, "page_tables:"), "- of: fault"));
	discard(&c.dev);
}

/* More mappings than are shown, and buffers that are all shown. */
static void many_mappings(const void *arg)
{
	enum { MANY = 200 };
	struct pdd_client c;
	struct pdd_bo bo, shared;
	const char *dump, *at;
	u32 shown = 0;

	(void)arg;
	client(&c);
	CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &shared));
	for (u64 i = 0; i < MANY; i++) {
		CHECK_OK(pdd_bo_create(&c.dev, PDD_PAGE, GTT, 0, &bo));
		CHECK_OK(pdd_bind(&c, &bo, 0, FAR + 2 * i * PDD_PAGE, PDD_PAGE, 0));
		CHECK_OK(pdd_bind(&c, &shared, 0, 2 * FAR + i * PDD_PAGE, PDD_PAGE, 0));
	}
	fault_at(&c, COPY, FAR + 201 * PDD_PAGE, PDDGPU_ERR_UNMAPPED);
	dump = fetch(&c.dev);
	at = line(dump, "address_space:");
	CHECK_EQ(number(at, "buffers"), MANY + 2);
	CHECK_EQ(number(at, "mappings"), 2 * MANY + 1);
	at = line(dump, "mappings:");
	item(at, "- {", "start", FAR + 200 * PDD_PAGE);
	item(at, "- {", "start", FAR + 202 * PDD_PAGE);
	for (u64 i = 0; i < MANY; i++)
		item(line(dump, "buffers:"), "- {", "buffer", FAR + 2 * i * PDD_PAGE);
	at = item(line(dump, "buffers:"), "- {", "buffer", 2 * FAR);
	CHECK_EQ(number(at, "mappings"), MANY);
	for (at = line(dump, "mappings:") + 1; (at = next_line(at + 1, "- {start")); )
		shown++;
	CHECK_EQ(shown, 32);
	discard(&c.dev);
}

/* Fills memory and a command buffer with what nobody else may see, and runs it. */
static void innocent(struct pdd_client *c, u32 engine, u32 *out)
{
	struct pdd_bo bos[] = { test_bo(c, MIB, VRAM), test_bo(c, MIB, GTT) };
	struct pdd_ib ib = test_ib(c, 1024);

	for (size_t i = 0; i < ARRAY_SIZE(bos); i++)
		for (u64 n = 0; n < MIB / 4; n++)
			((u32 *)bos[i].map)[n] = MARKER;
	while (ib.n + 3 < 512)
		pdd_fill(&ib, bos[0].va, 64, MARKER);
	*out = submit(c, engine, &ib);
}

/* Others show up by number, with their fences, and by nothing that is in their memory. */
static void others_stay_unseen(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c, other;
	const char *dump, *own;
	char marker[16];
	struct pdd_ib ib;
	u32 hung, out;

	client(&c);
	test_client(&other);
	ib = hanging_ib(&c);
	hung = submit(&c, engine, &ib);
	innocent(&other, engine, &out);
	expect_failed(&c, hung);
	CHECK_OK(pdd_finish(&other.dev, out));
	dump = fetch(&c.dev);
	check_form(dump);
	snprintf(marker, sizeof(marker), "%x", MARKER);
	CHECK(!strstr(dump, marker));
	own = line(dump, engine == COPY ? "- name: copy" : "- name: compute");
	own = item(line(own, "  fences:"), "  - {", "seqno",
		   number(line(dump, "job:"), "seqno") + 1);
	CHECK(number(own, "client") != number(line(dump, "process:"), "client"));
	/* Of the guilty one's own command buffer it would be shown. */
	discard(&c.dev);
	CHECK_OK(pdd_ctx_create(&c, &c.ctx));
	pdd_ib_reset(&ib);
	pdd_write32(&ib, FAR, MARKER);
	expect_failed(&c, submit(&c, engine, &ib));
	CHECK(strstr(fetch(&c.dev), marker));
	discard(&c.dev);
}

/* A process that is gone when its job is found to hang is named all the same. */
static void killed(const void *arg)
{
	const u32 engine = *(const u32 *)arg;
	struct pdd_client c;
	const char *dump;
	pid_t pid;

	client(&c);
	pid = test_fork();
	if (!pid) {
		struct pdd_client guilty;
		struct pdd_ib ib;

		prctl(PR_SET_NAME, "gone");
		test_client(&guilty);
		ib = hanging_ib(&guilty);
		submit(&guilty, engine, &ib);
		raise(SIGKILL);
	}
	CHECK_EQ(test_wait(pid), 128 + SIGKILL);
	dump = fetch(&c.dev);
	check_form(dump);
	check_process(dump, pid);
	CHECK_IS(line(dump, "process:"), "name", "\"gone\"");
	discard(&c.dev);
	test_check_alive(0);
}

/* The first dump of a series stays until it is fetched; the next one counts the rest. */
static void first_is_kept(const void *arg)
{
	struct pdd_client a, b;
	const char *dump;

	(void)arg;
	client(&a);
	fault(&a, COPY, FAR);
	free(fetch(&a.dev));
	test_client(&b);
	fault(&b, COPY, 2 * FAR);
	fault(&b, COMPUTE, 3 * FAR);
	sleep_ms(QUIET_MS);
	CHECK_EQ(number(line(fetch(&a.dev), "fault:"), "address"), FAR);
	discard(&a.dev);
	fault(&b, COPY, 4 * FAR);
	dump = fetch(&b.dev);
	CHECK_EQ(number(line(dump, "fault:"), "address"), 4 * FAR);
	CHECK_EQ(number(line(dump, "dropped:"), "dropped"), 2);
	discard(&b.dev);
}

/* Who fails all the time does not fill the disk of who collects dumps. */
static void one_error_a_context(const void *arg)
{
	struct pdd_client c;

	(void)arg;
	client(&c);
	fault(&c, COPY, FAR);
	free(fetch(&c.dev));
	discard(&c.dev);
	for (u32 i = 0; i < 5; i++)
		fault(&c, i & 1, FAR);
	sleep_ms(QUIET_MS);
	CHECK(!pending(&c.dev));
	CHECK_OK(pdd_ctx_create(&c, &c.ctx));
	fault(&c, COMPUTE, 2 * FAR);
	CHECK_EQ(number(line(fetch(&c.dev), "fault:"), "address"), 2 * FAR);
	discard(&c.dev);
}

/* The right fault record is found among those of many jobs that fail at a time. */
static void right_record(const void *arg)
{
	enum { JOBS = 60 };
	u32 outs[JOBS];
	struct pdd_client noise, c;
	struct pdd_ib ibs[JOBS];
	const char *at;

	(void)arg;
	client(&c);
	test_client(&noise);
	for (u32 i = 0; i < JOBS; i++) {
		bool mine = i == JOBS / 2;

		ibs[i] = test_ib(mine ? &c : &noise, 16);
		pdd_write32(&ibs[i], FAR + i * PDD_PAGE, 1);
	}
	/* From here on the noise has no dumps to give. */
	fault(&noise, COPY, 3 * FAR);
	free(fetch(&c.dev));
	discard(&c.dev);
	for (u32 i = 0; i < JOBS; i++)
		outs[i] = submit(i == JOBS / 2 ? &c : &noise, COPY, &ibs[i]);
	expect_failed(&c, outs[JOBS / 2]);
	at = line(fetch(&c.dev), "fault:");
	CHECK_EQ(number(at, "address"), FAR + JOBS / 2 * PDD_PAGE);
	discard(&c.dev);
}

/* No dump without a reason. */
static void none_without_reason(const void *arg)
{
	struct pdd_client c;
	struct pdd_ib ib;
	struct pdd_bo bo;

	(void)arg;
	client(&c);
	bo = test_bo(&c, MIB, VRAM);
	ib = test_ib(&c, 16);
	for (u32 i = 0; i < 20; i++) {
		pdd_fill(&ib, bo.va, bo.size, i);
		CHECK_OK(pdd_run(&c, i & 1, &ib, NULL, 0));
	}
	test_check_alive(0);
	sleep_ms(QUIET_MS);
	CHECK(!pending(&c.dev));
}

/* Where the text of dumps is kept, by the kernel's own account of it. */
static u32 texts_in_memory(void)
{
	char *info = read_text("/proc/vmallocinfo");
	u32 count = 0;

	if (!info)
		FAIL("cannot read /proc/vmallocinfo: %s", strerror(errno));
	for (const char *at = info; (at = strstr(at, "pddgpu_coredump")); at++)
		count++;
	free(info);
	return count;
}

/* Both engines hang, five times, and each time there is a dump: nothing adds up. */
static void again_and_again(const void *arg)
{
	struct drm_pddgpu_info_memory before;
	struct pdd_client watch;

	(void)arg;
	client(&watch);
	before = test_memory(&watch.dev);
	CHECK_EQ(texts_in_memory(), 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		const pid_t a = fork_hang(COPY), b = fork_hang(COMPUTE);
		u64 named;
		char *dump;

		test_join(a);
		test_join(b);
		dump = fetch(&watch.dev);
		check_form(dump);
		named = number(line(dump, "process:"), "pid");
		CHECK(named == (u64)a || named == (u64)b);
		free(dump);
		CHECK_EQ(texts_in_memory(), 1);
		discard(&watch.dev);
	}
	CHECK_EQ(texts_in_memory(), 0);
	test_settle(&watch.dev, &before);
	test_check_alive(0);
}

/* --- Unbinding -------------------------------------------------------- */

static void driver_write(const struct pdd_dev *dev, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/pddgpu/%s", file);
	CHECK_OK(write_text(path, dev->pci));
}

static void rebind(const struct pdd_dev *dev)
{
	driver_write(dev, "bind");
	test_wait_for_card();
	test_check_alive(0);
}

/* A dump outlives the driver's hold on the card, and can be fetched and freed then. */
static void unbind_pending(const void *arg)
{
	struct pdd_client c;

	(void)arg;
	client(&c);
	fault(&c, COPY, FAR);
	free(fetch(&c.dev));
	driver_write(&c.dev, "unbind");
	check_form(fetch(&c.dev));
	pdd_client_close(&c);
	discard(&c.dev);
	CHECK_EQ(texts_in_memory(), 0);
	rebind(&c.dev);
}

/* The card is taken away while a dump is being made: it is finished, or there is none. */
static void unbind_while_made(const void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 10; i++) {
		struct pdd_client c;
		struct pdd_ib ib;

		client(&c);
		ib = test_ib(&c, 16);
		pdd_write32(&ib, FAR, 1);
		submit(&c, i & 1, &ib);
		if (i > 4)
			sleep_ms(i - 4);
		driver_write(&c.dev, "unbind");
		if (pending(&c.dev))
			check_form(fetch(&c.dev));
		pdd_client_close(&c);
		discard(&c.dev);
		rebind(&c.dev);
	}
}

/* The driver is unloaded, which a dump does not keep, and loaded again beside it. */
static void unload_pending(const void *arg)
{
	struct pdd_client c;
	char *before, *after;

	(void)arg;
	client(&c);
	pdd_client_close(&c);
	test_join(fork_hang(COMPUTE));
	before = fetch(&c.dev);
	CHECK_OK(test_module_unload());
	after = fetch(&c.dev);
	CHECK(!strcmp(before, after));
	CHECK_OK(test_module_load(""));
	test_wait_for_card();
	CHECK(!strcmp(before, fetch(&c.dev)));
	discard(&c.dev);
	test_check_alive(0);
	client(&c);
	fault(&c, COPY, 2 * FAR);
	CHECK_EQ(number(line(fetch(&c.dev), "fault:"), "address"), 2 * FAR);
	discard(&c.dev);
}

static const u32 on_copy = COPY, on_compute = COMPUTE;
static const bool small = false, large = true;

#define BOTH(name_, run_)						\
	{ .name = "coredump." name_ "_copy", .run = run_, .arg = &on_copy },	\
	{ .name = "coredump." name_ "_compute", .run = run_, .arg = &on_compute }

static const struct stop stops[] = {
	{ PDD_PAGE, 0, COPY },
	{ 7 * PDD_LARGE_PAGE, 1, COMPUTE },
	{ 3 * GIB, 2, COPY },
	{ 600 * GIB, 3, COMPUTE },
};

static const struct test tests[] = {
	BOTH("hang", hangs),
	BOTH("injected", injected),
	BOTH("halted", halted),
	{ .name = "coredump.fault_at_level_0", .run = fault_stops, .arg = &stops[0] },
	{ .name = "coredump.fault_at_level_1", .run = fault_stops, .arg = &stops[1] },
	{ .name = "coredump.fault_at_level_2", .run = fault_stops, .arg = &stops[2] },
	{ .name = "coredump.fault_at_level_3", .run = fault_stops, .arg = &stops[3] },
	{ .name = "coredump.fault_beyond", .run = fault_beyond },
	{ .name = "coredump.fault_readonly_small", .run = fault_readonly, .arg = &small },
	{ .name = "coredump.fault_readonly_large", .run = fault_readonly, .arg = &large },
	BOTH("bad_packet", bad_packet),
	{ .name = "coredump.many_mappings", .run = many_mappings },
	BOTH("others_stay_unseen", others_stay_unseen),
	BOTH("killed", killed),
	{ .name = "coredump.first_is_kept", .run = first_is_kept },
	{ .name = "coredump.one_error_a_context", .run = one_error_a_context },
	{ .name = "coredump.right_record", .run = right_record },
	{ .name = "coredump.none_without_reason", .run = none_without_reason },
	{ .name = "coredump.again_and_again", .run = again_and_again, .timeout = 240 },
	{ .name = "coredump.unbind_pending", .run = unbind_pending, .changes_cards = true },
	{ .name = "coredump.unbind_while_made", .run = unbind_while_made, .timeout = 60,
	  .changes_cards = true },
	{ .name = "coredump.unload_pending", .run = unload_pending, .changes_cards = true },
};

TEST_GROUP(coredump_tests, tests);
