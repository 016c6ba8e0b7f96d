// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <unistd.h>

#include "clock.h"
#include "irq.h"
#include "storm.h"

/* Between two bursts, so that others get the locks. */
#define STORM_NAP_US	20

static uint64_t storm_left_locked(const struct storm *storm)
{
	uint64_t now = clock_ns(), end = 0;

	for (unsigned int i = 0; i < INJECT_NUM_WHO; i++)
		if (storm->until[i] > end)
			end = storm->until[i];
	return end > now ? end - now : 0;
}

static void *storm_main(void *arg)
{
	struct storm *storm = arg;

	pthread_mutex_lock(&storm->lock);
	while (!storm->quit) {
		if (!storm_left_locked(storm)) {
			pthread_cond_wait(&storm->changed, &storm->lock);
			continue;
		}
		pthread_mutex_unlock(&storm->lock);
		irq_raise_all(storm->irq);
		usleep(STORM_NAP_US);
		pthread_mutex_lock(&storm->lock);
	}
	pthread_mutex_unlock(&storm->lock);
	return NULL;
}

int storm_start(struct storm *storm, struct irq *irq)
{
	int ret;

	storm->irq = irq;
	pthread_mutex_init(&storm->lock, NULL);
	pthread_cond_init(&storm->changed, NULL);
	ret = pthread_create(&storm->thread, NULL, storm_main, storm);
	if (ret) {
		pthread_cond_destroy(&storm->changed);
		pthread_mutex_destroy(&storm->lock);
	}
	return -ret;
}

void storm_stop(struct storm *storm)
{
	pthread_mutex_lock(&storm->lock);
	storm->quit = true;
	pthread_cond_signal(&storm->changed);
	pthread_mutex_unlock(&storm->lock);
	pthread_join(storm->thread, NULL);
	pthread_cond_destroy(&storm->changed);
	pthread_mutex_destroy(&storm->lock);
}

void storm_set(struct storm *storm, enum inject_who who, uint32_t ms)
{
	pthread_mutex_lock(&storm->lock);
	storm->until[who] = ms ? clock_ns() + ms * NS_PER_MS : 0;
	pthread_cond_signal(&storm->changed);
	pthread_mutex_unlock(&storm->lock);
}

uint32_t storm_left(struct storm *storm)
{
	uint64_t ms;

	pthread_mutex_lock(&storm->lock);
	ms = (storm_left_locked(storm) + NS_PER_MS - 1) / NS_PER_MS;
	pthread_mutex_unlock(&storm->lock);
	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}
