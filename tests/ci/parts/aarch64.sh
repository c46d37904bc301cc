# aarch64.sh -- all of it, its tests too, compiled for aarch64 with warnings as errors.
#
# Nothing of the machine is changed: the libraries are those of Debian's packages for arm64, which
# apt, with lists and a state of its own below build/, downloads for unpacking into a directory that
# the cross compiler takes for the root.  None of them is installed, nothing of them is run.
# shellcheck shell=sh
ARM_PACKAGES="libc6-dev libgcc-12-dev libstdc++-12-dev libgc-dev libcivetweb-dev libgraphviz-dev
  libdw-dev libjansson-dev libcmocka-dev"

# arm_apt ARGUMENT...: apt-get for arm64, on a machine on which nothing is installed yet.
arm_apt ()
{
  apt-get -q -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
    -o Dir::State="$here/build/arm64/state" -o Dir::State::status="$here/build/arm64/status" \
    -o Dir::Cache="$here/build/arm64/cache" -o APT::Update::Post-Invoke::= "$@"
}

arm_root ()
{
  rm -rf "$here/build/arm64"
  mkdir -p "$here/build/arm64/state/lists/partial" "$here/build/arm64/cache/archives/partial"
  : >"$here/build/arm64/status"
  arm_apt update
  # shellcheck disable=SC2086 # words
  arm_apt install --no-install-recommends -y --download-only $ARM_PACKAGES
  for package in "$here"/build/arm64/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$here/build/arm64/root"
  done
  rm -rf "$here/build/arm64/cache" "$here/build/arm64/state"
  touch "$here/build/arm64/complete"
}

part_aarch64 ()
{
  [ -e "$here/build/arm64/complete" ] ||
    step "packages for arm64" "$here/build/arm64.log" arm_root
  root=$here/build/arm64/root
  PKG_CONFIG_SYSROOT_DIR=$root
  PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig
  export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
  build aarch64 --enable-werror --host=aarch64-linux-gnu CC="aarch64-linux-gnu-gcc --sysroot=$root"
  passes "aarch64: compiled"
  step "tests for aarch64" "$here/build/aarch64/check.log" \
    make -C "$here/build/aarch64" -j"$jobs" check TESTS=
  passes "aarch64: tests compiled"
}
