// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"

#define MIB			BIT_ULL(20)
#define GIB			BIT_ULL(30)
#define VRAM_DEFAULT		(1 * GIB)
#define VRAM_MIN		(4 * MIB)
#define VRAM_MAX		(64 * GIB)
#define APERTURE_DEFAULT	(256 * MIB)
#define APERTURE_MIN		(1 * MIB)
#define GDS_DEFAULT		16 /* pages */
#define GWS_DEFAULT		16
#define OA_DEFAULT		16
#define DMA_BITS_DEFAULT	40
#define DMA_BITS_MIN		32
#define DMA_BITS_MAX		52

enum {
	OPT_SOCKET = 256,
	OPT_VRAM,
	OPT_APERTURE,
	OPT_DMA_BITS,
	OPT_GDS,
	OPT_GWS,
	OPT_OA,
	OPT_CONTROL,
	OPT_FAULT,
	OPT_KEEP,
	OPT_LOG,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "vram", required_argument, NULL, OPT_VRAM },
	{ "aperture", required_argument, NULL, OPT_APERTURE },
	{ "dma-bits", required_argument, NULL, OPT_DMA_BITS },
	{ "gds", required_argument, NULL, OPT_GDS },
	{ "gws", required_argument, NULL, OPT_GWS },
	{ "oa", required_argument, NULL, OPT_OA },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "keep", no_argument, NULL, OPT_KEEP },
	{ "log", no_argument, NULL, OPT_LOG },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 }
};

void options_usage(void)
{
	printf("usage: pddgpu-emu --socket PATH [OPTION]...\n"
	       "Serve an emulated pddgpu card over vfio-user.\n\n"
	       "  --socket PATH    where the VMM connects\n"
	       "  --vram SIZE      VRAM, a power of two, 4M..64G (1G)\n"
	       "  --aperture SIZE  VRAM behind BAR0, a power of two from 1M to the VRAM\n"
	       "                   size (256M, or all of a smaller VRAM)\n"
	       "  --dma-bits N     width of bus addresses, 32..52 (40)\n"
	       "  --gds SIZE       on-chip scratch, a multiple of 4K up to 65535 pages (64K)\n"
	       "  --gws N          on-chip barriers, up to 65535 (16)\n"
	       "  --oa N           on-chip ordered-append counters, up to 65535 (16)\n"
	       "  --control PATH   serve line commands there; try \"help\"\n"
	       "  --fault WHAT     break something from the beginning; may be repeated:\n"
	       "                   hang=copy|compute, lose-irq=N, storm-irq=MS,\n"
	       "                   fence=stuck|future|early|past[:N], faults=N, fault-wptr,\n"
	       "                   dma-error=N, slow=US, ecc=ADDRESS, ones=MS, vanish=N,\n"
	       "                   forget, stuck-reset=copy|compute; \"help\" on the control\n"
	       "                   socket explains\n"
	       "  --keep           when the VMM goes away, wait for the next\n"
	       "  --log            say on stderr what happens\n"
	       "  --help           print this\n\n"
	       "SIZE takes a suffix K, M or G.\n");
}

/* A decimal number and nothing else; *rest is what follows it. */
static int parse_number(const char *text, unsigned long long *value, const char **rest)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*rest = end;
	return errno ? -EINVAL : 0;
}

static int parse_size(const char *name, const char *text, uint64_t *size)
{
	static const char suffixes[] = "KMG";
	unsigned long long value;
	const char *rest, *suffix = NULL;
	unsigned int shift = 0;

	if (parse_number(text, &value, &rest))
		goto err;
	if (*rest) {
		suffix = strchr(suffixes, *rest);
		if (!suffix || rest[1])
			goto err;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (value << shift >> shift != value)
		goto err;
	*size = value << shift;
	return 0;

err:
	log_error("--%s: %s is not a size (a number, with K, M or G)", name, text);
	return -EINVAL;
}

static int parse_dma_bits(const char *text, unsigned int *bits)
{
	unsigned long long value;
	const char *rest;

	if (parse_number(text, &value, &rest) || *rest ||
	    value < DMA_BITS_MIN || value > DMA_BITS_MAX) {
		log_error("--dma-bits: %s is not a number from %d to %d", text,
			  DMA_BITS_MIN, DMA_BITS_MAX);
		return -EINVAL;
	}
	*bits = (unsigned int)value;
	return 0;
}

static int parse_gds(const char *text, uint32_t *pages)
{
	uint64_t size;
	int ret = parse_size("gds", text, &size);

	if (ret)
		return ret;
	if (size % PDDGPU_ONCHIP_PAGE || size / PDDGPU_ONCHIP_PAGE > PDDGPU_ONCHIP_PAGES_MAX) {
		log_error("--gds: %s is not a multiple of 4K up to 65535 pages", text);
		return -EINVAL;
	}
	*pages = (uint32_t)(size / PDDGPU_ONCHIP_PAGE);
	return 0;
}

static int parse_units(const char *name, const char *text, uint32_t *pages)
{
	unsigned long long value;
	const char *rest;

	if (parse_number(text, &value, &rest) || *rest || value > PDDGPU_ONCHIP_PAGES_MAX) {
		log_error("--%s: %s is not a number up to %d", name, text,
			  PDDGPU_ONCHIP_PAGES_MAX);
		return -EINVAL;
	}
	*pages = (uint32_t)value;
	return 0;
}

static int check_size(const char *name, uint64_t size, uint64_t min, uint64_t max)
{
	if (size >= min && size <= max && !(size & (size - 1)))
		return 0;
	log_error("--%s: %llu bytes is not a power of two from %llu to %llu", name,
		  (unsigned long long)size, (unsigned long long)min, (unsigned long long)max);
	return -EINVAL;
}

static int check(struct options *o)
{
	if (!o->socket) {
		log_error("--socket is missing, try --help");
		return -EINVAL;
	}
	if (check_size("vram", o->card.vram_size, VRAM_MIN, VRAM_MAX))
		return -EINVAL;
	if (!o->card.aperture_size)
		o->card.aperture_size = o->card.vram_size < APERTURE_DEFAULT ?
					o->card.vram_size : APERTURE_DEFAULT;
	return check_size("aperture", o->card.aperture_size, APERTURE_MIN, o->card.vram_size);
}

static int parse_aperture(struct options *o)
{
	int ret = parse_size("aperture", optarg, &o->card.aperture_size);

	/* 0 stands for the default, which depends on the VRAM size. */
	if (!ret && !o->card.aperture_size)
		ret = check_size("aperture", 0, APERTURE_MIN, VRAM_MAX);
	return ret;
}

static int add_fault(struct options *o)
{
	if (o->num_faults == OPTIONS_MAX_FAULTS) {
		log_error("--fault: more than %d", OPTIONS_MAX_FAULTS);
		return -EINVAL;
	}
	o->faults[o->num_faults++] = optarg;
	return 0;
}

static int take_option(struct options *o, int opt)
{
	switch (opt) {
	case OPT_SOCKET:
		o->socket = optarg;
		return 0;
	case OPT_VRAM:
		return parse_size("vram", optarg, &o->card.vram_size);
	case OPT_APERTURE:
		return parse_aperture(o);
	case OPT_DMA_BITS:
		return parse_dma_bits(optarg, &o->card.dma_bits);
	case OPT_GDS:
		return parse_gds(optarg, &o->card.onchip_pages[PDDGPU_ONCHIP_GDS]);
	case OPT_GWS:
		return parse_units("gws", optarg, &o->card.onchip_pages[PDDGPU_ONCHIP_GWS]);
	case OPT_OA:
		return parse_units("oa", optarg, &o->card.onchip_pages[PDDGPU_ONCHIP_OA]);
	case OPT_CONTROL:
		o->control = optarg;
		return 0;
	case OPT_FAULT:
		return add_fault(o);
	case OPT_KEEP:
		o->keep = true;
		return 0;
	case OPT_LOG:
		o->log = true;
		return 0;
	case OPT_HELP:
		o->help = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int options_parse(struct options *o, int argc, char **argv)
{
	int opt, ret;

	*o = (struct options){
		.card = {
			.vram_size = VRAM_DEFAULT, .dma_bits = DMA_BITS_DEFAULT,
			.onchip_pages = {
				[PDDGPU_ONCHIP_GDS] = GDS_DEFAULT,
				[PDDGPU_ONCHIP_GWS] = GWS_DEFAULT,
				[PDDGPU_ONCHIP_OA] = OA_DEFAULT,
			},
		},
	};
	optind = 0;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		ret = take_option(o, opt);
		if (ret)
			return ret;
	}
	if (optind < argc) {
		log_error("%s: no such argument, try --help", argv[optind]);
		return -EINVAL;
	}
	return o->help ? 0 : check(o);
}
