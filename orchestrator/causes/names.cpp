// SPDX-License-Identifier: MIT
#include "orchestrator/causes/names.hpp"

#include <algorithm>
#include <iterator>

#include "kvm-patch/exit_leaves.h"

namespace lab::causes {
namespace {

constexpr Name leaves[] = {
    {0x0, "vendor"},
    {0x1, "features"},
    {0x2, "cache descriptors"},
    {0x4, "cache parameters"},
    {0x5, "MONITOR/MWAIT"},
    {0x6, "thermal and power"},
    {0x7, "extended features"},
    {0x9, "direct cache access"},
    {0xa, "performance monitoring"},
    {0xb, "topology"},
    {0xd, "XSAVE"},
    {0xf, "resource monitoring"},
    {0x10, "resource allocation"},
    {0x12, "SGX"},
    {0x14, "processor trace"},
    {0x15, "TSC frequency"},
    {0x16, "processor frequency"},
    {0x17, "SoC vendor"},
    {0x18, "TLB parameters"},
    {0x19, "key locker"},
    {0x1a, "hybrid"},
    {0x1b, "PCONFIG"},
    {0x1c, "last branch records"},
    {0x1d, "tile information"},
    {0x1e, "TMUL"},
    {0x1f, "topology, version 2"},
    {0x20, "processor history reset"},
    {0x21, "TDX"},
    {0x24, "AVX10"},
    {0x40000000, "hypervisor's signature"},
    {0x40000001, "KVM's features"},
    {0x40000010, "VMware's TSC frequency"},
    {0x40000100, "KVM's signature behind Hyper-V's"},
    {0x40000101, "KVM's features behind Hyper-V's"},
    {0x80000000, "extended leaves"},
    {0x80000001, "extended features"},
    {0x80000002, "brand 1"},
    {0x80000003, "brand 2"},
    {0x80000004, "brand 3"},
    {0x80000005, "L1 cache and TLB"},
    {0x80000006, "L2 and L3 cache"},
    {0x80000007, "power management, RAS"},
    {0x80000008, "address sizes"},
    {0x8000000a, "SVM"},
    {0x80000019, "TLB of 1 GiB pages"},
    {0x8000001a, "performance optimization"},
    {0x8000001b, "instruction-based sampling"},
    {0x8000001c, "lightweight profiling"},
    {0x8000001d, "cache topology"},
    {0x8000001e, "processor topology"},
    {0x8000001f, "memory encryption"},
    {0x80000020, "bandwidth enforcement"},
    {0x80000021, "extended features 2"},
    {0x80000022, "performance monitoring, version 2"},
    {0x80000023, "multi-key encryption"},
    {0x80000026, "extended topology"},
    {0xc0000000, "Centaur's leaves"},
    {0xc0000001, "Centaur's features"},
};

// From include/uapi/linux/kvm_para.h.
constexpr Name hypercalls[] = {
    {1, "VAPIC_POLL_IRQ"}, {2, "MMU_OP"},    {3, "FEATURES"},     {5, "KICK_CPU"},
    {9, "CLOCK_PAIRING"},  {10, "SEND_IPI"}, {11, "SCHED_YIELD"}, {12, "MAP_GPA_RANGE"},
};

constexpr Name apic_registers[] = {
    {0x20, "ID"},
    {0x30, "version"},
    {0x80, "TPR"},
    {0x90, "APR"},
    {0xa0, "PPR"},
    {0xb0, "EOI"},
    {0xc0, "RRD"},
    {0xd0, "LDR"},
    {0xe0, "DFR"},
    {0xf0, "SVR"},
    {0x280, "ESR"},
    {0x2f0, "LVT CMCI"},
    {0x300, "ICR"},
    {0x310, "ICR high"},
    {0x320, "LVT timer"},
    {0x330, "LVT thermal"},
    {0x340, "LVT PMC"},
    {0x350, "LVT LINT0"},
    {0x360, "LVT LINT1"},
    {0x370, "LVT error"},
    {0x380, "timer initial count"},
    {0x390, "timer current count"},
    {0x3e0, "timer divide"},
    {0x3f0, "self IPI"},
    {0x400, "extended features"},
    {0x410, "extended control"},
};

// From arch/x86/include/asm/irq_vectors.h.
constexpr Name vectors[] = {
    {0x80, "int 0x80"},
    {0xeb, "posted MSI"},
    {0xec, "local timer"},
    {0xed, "Hyper-V's timer"},
    {0xee, "Hyper-V's reenlightenment"},
    {0xef, "managed IRQ's shutdown"},
    {0xf0, "posted interrupt, nested"},
    {0xf1, "posted interrupt, wakeup"},
    {0xf2, "posted interrupt"},
    {0xf3, "hypervisor's callback"},
    {0xf4, "deferred error"},
    {0xf6, "IRQ work"},
    {0xf7, "platform IPI"},
    {0xf8, "reboot"},
    {0xf9, "threshold"},
    {0xfa, "thermal"},
    {0xfb, "call function, single"},
    {0xfc, "call function"},
    {0xfd, "reschedule"},
    {0xfe, "APIC's error"},
    {0xff, "spurious"},
};

constexpr Name exceptions[] = {
    {0, "#DE"},  {1, "#DB"},  {2, "NMI"},  {3, "#BP"},  {4, "#OF"},  {5, "#BR"},
    {6, "#UD"},  {7, "#NM"},  {8, "#DF"},  {10, "#TS"}, {11, "#NP"}, {12, "#SS"},
    {13, "#GP"}, {14, "#PF"}, {16, "#MF"}, {17, "#AC"}, {18, "#MC"}, {19, "#XM"},
    {20, "#VE"}, {21, "#CP"}, {28, "#HV"}, {29, "#VC"}, {30, "#SX"},
};

struct Ports {
  std::uint16_t first, last;
  std::string_view name;
};

constexpr Ports ports[] = {
    {0x0, 0xf, "DMA controller"},
    {0x20, 0x21, "interrupt controller"},
    {0x40, 0x43, "timer (PIT)"},
    {0x60, 0x60, "keyboard controller"},
    {0x61, 0x61, "speaker, timer gate"},
    {0x64, 0x64, "keyboard controller"},
    {0x70, 0x71, "clock (RTC)"},
    {0x80, 0x80, "POST code"},
    {0x81, 0x8f, "DMA pages"},
    {0x92, 0x92, "A20 gate"},
    {0xa0, 0xa1, "interrupt controller"},
    {0xb2, 0xb3, "SMI command"},
    {0xc0, 0xdf, "DMA controller"},
    {0xed, 0xed, "I/O delay"},
    {0xf0, 0xf0, "FPU error"},
    {0x170, 0x177, "IDE"},
    {0x1f0, 0x1f7, "IDE"},
    {0x2e8, 0x2ef, "serial port 4"},
    {0x2f8, 0x2ff, "serial port 2"},
    {0x376, 0x376, "IDE"},
    {0x378, 0x37f, "parallel port"},
    {0x3b0, 0x3df, "VGA"},
    {0x3e8, 0x3ef, "serial port 3"},
    {0x3f0, 0x3f5, "floppy"},
    {0x3f6, 0x3f6, "IDE"},
    {0x3f7, 0x3f7, "floppy"},
    {0x3f8, 0x3ff, "serial port"},
    {0x402, 0x402, "SeaBIOS's debug port"},
    {0x4d0, 0x4d1, "interrupt controller"},
    {0x510, 0x511, "fw_cfg"},
    {0x514, 0x51b, "fw_cfg"},
    {0x600, 0x607, "ACPI PM"},
    {0x608, 0x60b, "ACPI timer"},
    {0x60c, 0x67f, "ACPI PM"},
    {0xcf8, 0xcf8, "PCI configuration address"},
    {0xcf9, 0xcf9, "reset"},
    {0xcfa, 0xcfb, "PCI configuration address"},
    {0xcfc, 0xcff, "PCI configuration data"},
};

struct Alias {
  std::string_view qemu, people;
};

constexpr Alias aliases[] = {
    {"acpi-cnt", "ACPI PM"},
    {"acpi-evt", "ACPI PM"},
    {"acpi-gpe0", "ACPI events"},
    {"acpi-tmr", "ACPI timer"},
    {"apm-io", "SMI command"},
    {"dma-chan", "DMA controller"},
    {"dma-cont", "DMA controller"},
    {"dma-page", "DMA pages"},
    {"elcr", "interrupt controller"},
    {"fwcfg", "fw_cfg"},
    {"fwcfg.dma", "fw_cfg"},
    {"i8042-cmd", "keyboard controller"},
    {"i8042-data", "keyboard controller"},
    {"ioport80", "POST code"},
    {"ioportF0", "FPU error"},
    {"kvm-elcr", "interrupt controller"},
    {"kvm-ioapic", "ioapic"},
    {"kvm-pic", "interrupt controller"},
    {"kvm-pit", "timer (PIT)"},
    {"lpc-reset-control", "reset"},
    {"pc.bios", "BIOS"},
    {"pci-conf-data", "PCI configuration data"},
    {"pci-conf-idx", "PCI configuration address"},
    {"pcie-mmcfg-mmio", "PCI configuration"},
    {"pcspk", "speaker, timer gate"},
    {"pic", "interrupt controller"},
    {"piix-reset-control", "reset"},
    {"pit", "timer (PIT)"},
    {"port92", "A20 gate"},
    {"rtc", "clock (RTC)"},
    {"rtc-index", "clock (RTC)"},
    {"serial", "serial port"},
};

}  // namespace

std::string_view cpuid_leaf_name(std::uint32_t leaf) {
  if (leaf >= EXIT_LEAF_FIRST && leaf <= EXIT_LEAF_LAST) return labs_own_leaf;
  return find_name(leaves, leaf);
}

std::string_view hypercall_name(std::uint32_t number) {
  return find_name(hypercalls, number);
}

std::string_view apic_register_name(std::uint32_t offset) {
  if (offset >= 0x100 && offset < 0x180) return "ISR";
  if (offset >= 0x180 && offset < 0x200) return "TMR";
  if (offset >= 0x200 && offset < 0x280) return "IRR";
  return find_name(apic_registers, offset & ~15u);
}

std::string_view vector_name(std::uint32_t vector) {
  return find_name(vectors, vector);
}

std::string_view exception_name(std::uint32_t vector) {
  return find_name(exceptions, vector);
}

std::string_view port_name(std::uint16_t port) {
  const auto after = std::ranges::upper_bound(ports, port, {}, &Ports::first);
  if (after == std::begin(ports) || std::prev(after)->last < port) return {};
  return std::prev(after)->name;
}

std::string_view region_name(std::string_view qemu_name) {
  const auto found = std::ranges::lower_bound(aliases, qemu_name, {}, &Alias::qemu);
  return found != std::end(aliases) && found->qemu == qemu_name ? found->people : qemu_name;
}

}  // namespace lab::causes
