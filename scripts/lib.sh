# SPDX-License-Identifier: GPL-2.0 OR MIT
# shellcheck shell=bash
#
# What the scripts share: messages, packages, the cache, the kernel, QEMU, and
# the builds.  Source it; it sets ROOT, BUILD, LOGS and CACHE and runs nothing.
#
# Everything fetched comes from the mirrors that this machine's apt already
# uses.  Kernel and QEMU are unpacked into the cache, not installed, so root is
# needed for nothing but the packages of tools.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/build
LOGS=$BUILD/log
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pddgpu
JOBS=$(nproc)
PATH=$PATH:/usr/sbin:/sbin # depmod, for those who are not root

# --- Messages ---------------------------------------------------------

# A line of progress with the seconds since the script began.
say() { printf '[%4d s] %s\n' "$SECONDS" "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Says what is going on if it takes more than a few seconds, then every now and
# again, until killed or left behind; with the number of lines in the log, which
# for a build is that of the files built.
# Usage: tick "what it does" LOG
tick() {
	local start=$SECONDS wait=3
	while sleep $wait >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
		wait=20
		say "$1 ($((SECONDS - start)) s, $(wc -l <"$2") lines so far)"
	done
}

# Runs a command with its output in a log, and shows the log's end if it fails.
# Usage: logged NAME "what it does" COMMAND...
logged() {
	local log=$LOGS/$1.log what=$2 ticker status=0
	shift 2
	mkdir -p "$LOGS"
	tick "$what" "$log" &
	ticker=$!
	"$@" >"$log" 2>&1 </dev/null || status=$?
	kill $ticker 2>/dev/null || true
	wait $ticker 2>/dev/null || true
	[ $status = 0 ] && return
	printf -- '--- failed: %s; the end of %s:\n' "$*" "$log" >&2
	tail -n 40 "$log" >&2
	return $status
}

# --- Packages ---------------------------------------------------------

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $* (and there is no sudo)"
	fi
}

apt_update() {
	logged apt-update "updating apt's lists" as_root apt-get -qq update
}

# Installs packages; apt's lists are refreshed once if they are empty or stale.
apt_install() {
	local cmd=(as_root env DEBIAN_FRONTEND=noninteractive
		apt-get -y -qq --no-install-recommends install "$@")

	say "installing packages: $*"
	"${cmd[@]}" >/dev/null 2>&1 </dev/null && return
	if ! apt_update || ! logged apt-install "installing packages" "${cmd[@]}"; then
		die "cannot install what is missing; the packages are: $*"
	fi
}

# Prints the package of each FILE-OR-COMMAND:PACKAGE that is not there.
missing_packages() {
	local spec
	for spec; do
		case $spec in
		/*) [ -e "${spec%%:*}" ] ;;
		*) command -v "${spec%%:*}" >/dev/null ;;
		esac || echo "${spec#*:}"
	done | sort -u
}

# Makes sure that every FILE-OR-COMMAND:PACKAGE is there.
need() {
	local -a packages
	mapfile -t packages < <(missing_packages "$@")
	[ ${#packages[@]} = 0 ] || apt_install "${packages[@]}"
}

# Unpacks the packages of a folder into the current one and removes them.
unpack_debs() {
	local deb
	for deb in "$1"/*.deb; do
		dpkg -x "$deb" . && rm "$deb" || return
	done
}

# Downloads packages into the current folder and unpacks them there.
unpack_packages() {
	local get=(apt-get -o APT::Sandbox::User=root download "$@")

	if ! "${get[@]}" >/dev/null 2>&1 && ! { apt_update &&
		logged apt-download "downloading packages" "${get[@]}"; }; then
		die "cannot download the packages: $*"
	fi
	unpack_debs .
}

# The newest package of this machine's mirrors whose name matches an extended
# regular expression; nothing if there is none.
newest_package() {
	local prefix=${1%%[^a-z0-9-]*}
	apt-cache pkgnames "$prefix" | grep -Ex "$1" | sort -V | tail -n 1
}

package_version() { apt-cache show --no-all-versions "$1" | awk '/^Version:/ { print $2; exit }'; }

# The mirror that serves the Debian release itself: the first of apt's sources
# that carries this machine's codename.
debian_mirror() {
	local codename
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(CODENAME) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
		awk -v c="$codename" '$3 == "main" && ($1 == c || $2 == c) { print $4; exit }'
}

# --- Cache ------------------------------------------------------------

# Runs a command while no other process runs one under the same lock.  What the
# command starts must not hold it longer, so it does not inherit the lock.
# Usage: locked FILE COMMAND...
locked() {
	local lock status=0
	mkdir -p "$(dirname "$1")"
	exec {lock}>"$1"
	flock "$lock"
	"${@:2}" {lock}>&- || status=$?
	exec {lock}>&-
	return $status
}

fill_cache() {
	local dir=$CACHE/$1 tmp
	[ ! -d "$dir" ] || return 0
	mkdir -p "$(dirname "$dir")"
	tmp=$(mktemp -d "$dir.tmp.XXXXXX")
	chmod 755 "$tmp"
	if ! (cd "$tmp" && "$2" "$dir"); then
		rm -rf "$tmp"
		die "cannot make $dir"
	fi
	mv "$tmp" "$dir"
}

# Runs a function in a fresh folder that becomes CACHE/KEY if it succeeds, so
# that what is in the cache is always whole.  The function gets the final name
# as its argument, and must return what went wrong: set -e does not hold in it.
# Usage: cached KEY FUNCTION
cached() { [ -d "$CACHE/$1" ] || locked "$CACHE/lock" fill_cache "$@"; }

# --- Kernel -----------------------------------------------------------

# Unpacks the image, its headers and its kbuild.  The packages name /usr/src in
# one place only, the headers' Makefile; there the cache's folder goes in.
fetch_kernel() {
	say "fetching Linux $KERNEL_RELEASE (120 MB)"
	unpack_packages "linux-image-$KERNEL_RELEASE" "linux-headers-$KERNEL_RELEASE" \
		"linux-headers-${KERNEL_RELEASE%-amd64}-common" \
		"linux-kbuild-${KERNEL_RELEASE%-amd64}" || return
	[ -d lib/modules ] || ln -s usr/lib lib
	depmod -b . "$KERNEL_RELEASE" && [ -s "boot/vmlinuz-$KERNEL_RELEASE" ] &&
		sed -i "s,/usr/src/,$1/usr/src/," "usr/src/linux-headers-$KERNEL_RELEASE/Makefile"
}

# Finds the newest Linux 6.12 that apt knows.  apt takes seconds over it, so the
# answer is kept until apt's lists change.  Sets KERNEL_RELEASE and KERNEL_VERSION.
newest_kernel() {
	local known=$CACHE/kernel/newest pattern='linux-image-6\.12\.[0-9]+\+[a-z0-9]+-amd64' package

	if [ "$known" -nt /var/lib/apt/lists ]; then
		read -r KERNEL_RELEASE KERNEL_VERSION <"$known"
		return
	fi
	package=$(newest_package "$pattern")
	[ -n "$package" ] || { apt_update; package=$(newest_package "$pattern"); }
	[ -n "$package" ] || die "apt knows no package linux-image-6.12.*-amd64;" \
		"Debian 12 has it in bookworm-security, Debian 13 in trixie"
	KERNEL_RELEASE=${package#linux-image-}
	KERNEL_VERSION=$(package_version "$package")
	mkdir -p "$CACHE/kernel"
	echo "$KERNEL_RELEASE $KERNEL_VERSION" >"$known"
}

# Has the newest Linux 6.12 in the cache.  Sets KERNEL_IMAGE, KERNEL_MODULES and
# KERNEL_HEADERS besides.
kernel() {
	local dir
	need "${VM_TOOLS[@]}"
	newest_kernel
	dir=kernel/${KERNEL_RELEASE}_$KERNEL_VERSION
	cached "$dir" fetch_kernel
	KERNEL_IMAGE=$CACHE/$dir/boot/vmlinuz-$KERNEL_RELEASE
	KERNEL_MODULES=$CACHE/$dir/lib/modules/$KERNEL_RELEASE
	KERNEL_HEADERS=$CACHE/$dir/usr/src/linux-headers-$KERNEL_RELEASE
}

# --- QEMU -------------------------------------------------------------

# Succeeds if a QEMU, given as a command, speaks vfio-user: 10.1 or later.
qemu_is_new() {
	local version
	version=$("$@" --version 2>/dev/null | awk '{ print $4; exit }')
	[ -n "$version" ] && printf '10.1\n%s\n' "$version" | sort -VC &&
		"$@" -device vfio-user-pci,help >/dev/null 2>&1
}

# Unpacks QEMU and every library that it needs, apart from those of this
# machine, whose C library may be older.  apt resolves and verifies, with
# sources, lists and package database of its own.
fetch_qemu() {
	local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg opts
	say "fetching QEMU from trixie-backports (50 MB)"
	need /usr/share/keyrings/debian-archive-trixie-stable.gpg:debian-archive-keyring
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt has no source for this Debian release to take QEMU from"
	mkdir -p apt/{parts,state/lists/partial,cache/archives/partial}
	touch apt/status
	printf "deb [signed-by=$keys] $mirror %s main\n" trixie trixie-backports >apt/list
	opts=(-o Dir::Etc::sourcelist="$PWD/apt/list" -o Dir::Etc::sourceparts="$PWD/apt/parts"
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$PWD/apt/parts"
		-o Dir::State="$PWD/apt/state" -o Dir::State::status="$PWD/apt/status"
		-o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root
		-o APT::Default-Release=trixie-backports)
	logged qemu-update "reading the lists of trixie" apt-get "${opts[@]}" update &&
		logged qemu-download "downloading QEMU" apt-get "${opts[@]}" -y --no-install-recommends \
			--download-only install qemu-system-x86 libc6 libgcc-s1 || return
	unpack_debs apt/cache/archives && rm -r apt
}

# Sets the array QEMU to the command that starts a QEMU >= 10.1.
qemu() {
	local dir=$CACHE/qemu/trixie-backports lib

	QEMU=(qemu-system-x86_64)
	qemu_is_new "${QEMU[@]}" && return
	cached qemu/trixie-backports fetch_qemu
	lib=$dir/usr/lib/x86_64-linux-gnu
	export QEMU_MODULE_DIR=$lib/qemu
	QEMU=("$dir/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib"
		"$dir/usr/bin/qemu-system-x86_64"
		-L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios")
	qemu_is_new "${QEMU[@]}" || die "the QEMU in $dir does not start; remove it and try again"
}

# --- The guest --------------------------------------------------------

# What scripts/vm needs, as for need().
VM_TOOLS=(make:make gcc:gcc /usr/include/errno.h:libc6-dev cpio:cpio depmod:kmod xz:xz-utils
	pkg-config:pkgconf
	/usr/include/libdrm/drm.h:libdrm-dev /usr/include/png.h:libpng-dev)

# What a kernel's log says when the kernel has found a bug in itself.
SPLAT='WARNING:|\bBUG:|Oops|general protection fault|UBSAN:|KASAN:|INFO: task .* blocked|'
SPLAT+='possible (circular|recursive) locking|suspicious RCU usage|Call Trace:|DMA-API: [^ ]+ [^ ]+: |'
SPLAT+='refcount_t:|ODEBUG:|INFO: .* detected stalls?|INFO: .* self-detected stall|'
SPLAT+='kmemleak: .*(suspected|disabled)'

fetch_busybox() { unpack_packages busybox-static && find . -name busybox -type f -exec mv {} ./busybox \; ; }

# Has a busybox that needs no libraries in the cache; sets BUSYBOX.
busybox() {
	local release
	release=$(. /etc/os-release && echo "$ID-$VERSION_ID")
	cached "busybox/$release" fetch_busybox
	BUSYBOX=$CACHE/busybox/$release/busybox
}

# --- Kernel source ----------------------------------------------------

fetch_source() {
	say "fetching the source of Linux ${KERNEL_VERSION%%-*} (150 MB)"
	mkdir package
	(cd package && unpack_packages "linux-source-6.12=$KERNEL_VERSION") &&
		logged source "unpacking the source" \
			tar --strip-components=1 -xf package/usr/src/linux-source-6.12.tar.xz &&
		rm -r package
}

# Has the source of Debian's Linux 6.12 in the cache.  Sets KERNEL_SOURCE.
kernel_source() {
	newest_kernel
	cached "source/$KERNEL_VERSION" fetch_source
	KERNEL_SOURCE=$CACHE/source/$KERNEL_VERSION
}

# --- The debug kernel -------------------------------------------------

# What building a kernel needs, as for need().
KERNEL_TOOLS=(make:make gcc:gcc flex:flex bison:bison bc:bc xz:xz-utils
	/usr/include/libelf.h:libelf-dev)

# Prints the configuration of a kernel that catches mistakes: debug or kcsan.
debug_config() {
	cat "$ROOT/tests/debug.config"
	[ "$1" = debug ] || cat "$ROOT/tests/$1.config"
}

# Prints each line "CONFIG_NAME=value" of a configuration that the .config on the
# input does not have.  Of two lines for one name the last counts.
# Usage: lacking FILE
lacking() {
	awk -F= '
		NR == FNR { if (/^CONFIG_/) want[$1] = $0; next }
		/^CONFIG_/ { have[$1] = $0 }
		END {
			for (name in want)
				if (want[name] != (name in have ? have[name] : name "=n"))
					print want[name]
		}
	' "$1" - | sort
}

missing_config() { lacking <(debug_config "$1"); }

# The debug kernels' tree has hard links to the source's files, so that it costs
# nothing, and a driver of its own: a file is replaced there, never written to.
make_debug_tree() {
	local missing
	[ -d source ] || { rm -rf source.tmp && cp -al "$KERNEL_SOURCE" source.tmp && mv source.tmp source; } || return
	"$ROOT/scripts/install-in-tree" source && debug_config "$1" >config || return
	KCONFIG_ALLCONFIG=$PWD/config make -s -C source O="$PWD/build" allnoconfig || return
	missing=$(missing_config "$1" <build/.config)
	[ -z "$missing" ] && return
	printf 'this kernel cannot have, for a dependency or a name that is gone:\n%s\n' "$missing"
	return 1
}

make_debug_kernel() {
	make_debug_tree "$1" && make -C source O="$PWD/build" -j"$JOBS" bzImage modules &&
		make -s -C source O="$PWD/build" INSTALL_MOD_PATH="$PWD" modules_install && touch complete
}

# A build that was interrupted goes on where it was.
build_debug_kernel() {
	[ ! -e "$1/complete" ] || return 0
	say "building the $2 kernel; this takes some 10 minutes, once"
	mkdir -p "$1"
	(cd "$1" && logged "$2-kernel" "building the $2 kernel" make_debug_kernel "$2") ||
		die "cannot build the $2 kernel in $1"
}

# Has a kernel that catches mistakes in the cache, by all that goes into it.
# Sets KERNEL_IMAGE, KERNEL_MODULES and, to build modules, KERNEL_HEADERS.
# Usage: debug_kernel debug|kcsan
debug_kernel() {
	local key dir
	need "${KERNEL_TOOLS[@]}"
	kernel_source
	key=$({ echo "$KERNEL_VERSION"; debug_config "$1"; cat "$ROOT/Kconfig"; gcc --version
		declare -f make_debug_tree make_debug_kernel; } | sha256sum | cut -c1-16)
	dir=$CACHE/$1/$key
	[ -e "$dir/complete" ] || locked "$CACHE/$1/lock" build_debug_kernel "$dir" "$1"
	KERNEL_IMAGE=$dir/build/arch/x86/boot/bzImage
	KERNEL_HEADERS=$dir/build
	KERNEL_MODULES=$(echo "$dir"/lib/modules/*)
	KERNEL_RELEASE=$1
	KBUILD_ARGS=(KCFLAGS=-g) # the kernel has no debug information, but the driver's is small
}

# --- Builds -----------------------------------------------------------

# The files of the driver, relative to ROOT: what a kernel tree takes in.
driver_files() {
	(cd "$ROOT" && ls -d Kconfig Makefile .kunitconfig ./*.[ch] &&
		find include tests/kunit -type f \( -name '*.[ch]' -o -name Makefile \)) |
		sed 's,^\./,,'
}

# Brings a folder up to date with the driver's files.  A file that has not
# changed keeps its date, and a source that the driver no longer has is removed.
# Usage: copy_driver FOLDER
copy_driver() {
	local file
	mkdir -p "$1"
	driver_files | while read -r file; do
		cmp -s "$ROOT/$file" "$1/$file" || install -m 644 -D "$ROOT/$file" "$1/$file"
	done
	find "$1" -name '*.[ch]' ! -name '*.mod.c' -printf '%P\n' | sort |
		comm -23 - <(driver_files | sort) | sed "s,^,$1/," | xargs -r rm
}

# Brings a folder up to date with what the benchmark's module is built from, to be
# built in FOLDER/tests/bench.  The driver's objects would have another module's name.
# Usage: copy_bench FOLDER
copy_bench() {
	copy_driver "$1" && mkdir -p "$1/tests/bench" &&
		cp -p "$ROOT"/tests/bench/{Makefile,*.[ch]} "$1/tests/bench"
}

# Calls kbuild for the module in a folder.  Usage: kbuild FOLDER ARGUMENT...
kbuild() { make -C "$KERNEL_HEADERS" M="$1" CONFIG_DRM_PDDGPU=m -j"$JOBS" "${KBUILD_ARGS[@]}" "${@:2}"; }
KBUILD_ARGS=()

# What it takes to build a module.
need_kbuild() {
	local gcc
	[ -e "$KERNEL_HEADERS/.kernelvariables" ] || return 0 # a debug kernel of this machine's own gcc
	gcc=$(grep -o 'gcc-[0-9]*' "$KERNEL_HEADERS/.kernelvariables")
	need make:make "$gcc:$gcc" pahole:pahole
}

make_driver() { copy_driver "$1" && logged module "building the driver" kbuild "$1" modules; }

# Builds the module against KERNEL_HEADERS in a copy, so that builds for other
# kernels and by hand stay apart.  Sets MODULE.
build_driver() {
	local dir=$BUILD/module/$KERNEL_RELEASE
	need_kbuild
	locked "$BUILD/lock" make_driver "$dir"
	MODULE=$dir/pddgpu.ko
}

build_emulator() {
	need make:make gcc:gcc /usr/include/errno.h:libc6-dev
	locked "$BUILD/lock" logged emu "building the card" make -C "$ROOT/emu" -j"$JOBS"
}

make_user() { make -C "$ROOT/tests/user" -j"$JOBS" && make -C "$ROOT/tools" -j"$JOBS"; }

build_user() {
	need "${VM_TOOLS[@]}"
	locked "$BUILD/lock" logged user "building the programs" make_user
}
