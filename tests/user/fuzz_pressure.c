// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A process of pddgpu-fuzz that takes the memory that the others leave, and gives it back. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK		(8 * MIB)
#define MAX_CHUNKS	1024
#define KEEP_PERCENT	12

static u64 meminfo(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	return at ? strtoull(at + strlen(what), NULL, 10) : 0;
}

static bool is_room(void)
{
	char *text = read_text("/proc/meminfo");
	bool room = text && meminfo(text, "MemAvailable:") * 100 >
			    meminfo(text, "MemTotal:") * KEEP_PERCENT;

	free(text);
	return room;
}

static void *take_chunk(void)
{
	void *at = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	for (u64 i = 0; i < CHUNK; i += PDD_PAGE)
		((volatile u8 *)at)[i] = 1;
	return at;
}

void fuzz_pressure(void)
{
	static void *chunks[MAX_CHUNKS];
	u32 n = 0;

	while (!fuzz_shared->stop) {
		while (n < MAX_CHUNKS && is_room() && (chunks[n] = take_chunk()))
			n++;
		sleep_ms(100);
		/* The first half goes, and the rest moves up. */
		for (u32 i = 0; i < n / 2; i++)
			munmap(chunks[i], CHUNK);
		memmove(chunks, chunks + n / 2, (n - n / 2) * sizeof(*chunks));
		n -= n / 2;
	}
}
