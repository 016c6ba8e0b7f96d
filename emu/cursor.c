// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "cursor.h"
#include "engine.h"
#include "ops.h"

int cursor_init(struct cursor *cursor, const struct packet *packet,
		const struct mmu_range *range)
{
	*cursor = (struct cursor){ .range = *range, .engine = packet->engine };
	cursor->range.vmid = packet->vmid;
	return mmu_check_range(&packet->engine->port, &cursor->range);
}

int cursor_get(struct cursor *cursor, size_t *size)
{
	struct engine *e = cursor->engine;
	int err;

	if (!cursor->valid || cursor->breaths != e->breaths) {
		err = mmu_translate(&e->port, &cursor->range, &cursor->host, &cursor->valid);
		if (err)
			return err;
		cursor->breaths = e->breaths;
	}
	if (*size > cursor->valid)
		*size = cursor->valid;
	return 0;
}

void cursor_advance(struct cursor *cursor, size_t size)
{
	cursor->range.va += size;
	cursor->range.size -= size;
	cursor->host += size;
	cursor->valid -= size;
}
