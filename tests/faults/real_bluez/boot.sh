#!/bin/bash
# Tests against the real bluetoothd and kernel, without hardware and without KVM: boots Debian's own kernel in QEMU, with this machine's
# files to read and memory to write, and runs guest.sh in it. Nothing of this machine is changed. About two minutes.
#
#   make test-bluez
#
# Needs Debian or Ubuntu on x86-64 (packages: see `make test-bluez`); the kernel, 70 MB, is downloaded once into WORK.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-${TMPDIR:-/tmp}/aislecast-bluez-$(id -u)}
mkdir -p "$work"
cd "$work"
if [ ! -d kernel ]; then
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
  apt-get -qq download "$package"
  dpkg-deb -x "$package"_*.deb kernel.part
  rm -f "$package"_*.deb
  mv kernel.part kernel
fi
version=$(ls kernel/lib/modules 2>/dev/null || ls kernel/usr/lib/modules)
depmod -b "$work/kernel" "$version"

# The first file system: busybox, and the modules that are needed to see this machine's files and to make a virtual Bluetooth bus.
rm -rf first && mkdir -p first/{bin,modules,proc,sys,dev,below,above,whole}
cp "$(command -v busybox)" first/bin/
for module in 9p 9pnet_virtio virtio_pci overlay cmac ecb hci_vhci uhid; do
  modprobe -S "$version" -d "$work/kernel" --show-depends "$module" 2>/dev/null | awk '/^insmod/ {print $2}'
done | awk '!seen[$0]++' | while read -r file; do
  [ -f "$file" ] || file="$work/kernel$file"
  cp "$file" first/modules/
  basename "$file" >> first/order
done
cat > first/init <<'INIT'
#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev
while read module; do $B insmod /modules/$module || echo "insmod $module failed"; done < /order
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /below
$B mount -t tmpfs t /above; $B mkdir /above/upper /above/work
$B mount -t overlay -o lowerdir=/below,upperdir=/above/upper,workdir=/above/work o /whole
$B mount --move /dev /whole/dev; $B mount -t proc p /whole/proc; $B mount -t sysfs s /whole/sys
$B mount -t tmpfs t /whole/run; $B mount -t tmpfs t /whole/tmp
script=$($B sed -n 's/.*guest=\([^ ]*\).*/\1/p' /proc/cmdline)
$B chroot /whole /bin/bash -c "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp; ip link set lo up; bash $script; echo guest-exit=\$?"
echo o > /whole/proc/sysrq-trigger; $B sleep 5
INIT
chmod +x first/init
(cd first && find . | cpio -o -H newc 2>/dev/null | gzip -1 > ../first.gz)

timeout -k 5 "${LIMIT:-900}" qemu-system-x86_64 -accel tcg -cpu max -m 2G -smp 2 -display none -serial stdio -monitor none -no-reboot -nic none \
  -kernel "kernel/boot/vmlinuz-$version" -initrd first.gz -append "console=ttyS0 quiet panic=-1 guest=$here/guest.sh" \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null | tee log
grep -q 'guest-exit=0' log
