// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/machine.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::vmm {
namespace {

constexpr std::uint64_t page_tables = 0x1000, gdt_address = 0x8000, idt_address = 0x9000,
                        code_address = 0x10000, stacks = 0x20000, stack_bytes = 0x1000;
constexpr std::uint64_t large_page = 2u << 20;

// The bits are architectural (SDM vol. 3, 2.5 and 4.5).
constexpr std::uint64_t cr0_pe = 1, cr0_mp = 2, cr0_et = 1 << 4, cr0_ne = 1 << 5, cr0_pg = 1u << 31;
constexpr std::uint64_t cr4_pae = 1 << 5;
constexpr std::uint64_t efer_lme = 1 << 8, efer_lma = 1 << 10;
constexpr std::uint64_t page_present = 1, page_writable = 2, page_user = 4, page_large = 1 << 7;
constexpr std::uint64_t rflags_fixed = 2, rflags_iopl3 = 3 << 12;

// Stands for struct kvm_cpuid2 without its flexible array. Debian's linux/kvm.h gives that struct
// another size in C++ (12, not 8), and so its ioctls other numbers.
struct CpuidHeader {
  std::uint32_t count, padding;
};
constexpr unsigned long get_supported_cpuid = _IOWR(KVMIO, 0x05, CpuidHeader);
constexpr unsigned long set_cpuid2 = _IOW(KVMIO, 0x90, CpuidHeader);

template <typename Argument>
int call(int fd, unsigned long request, Argument argument, const char* name) {
  const int result = ::ioctl(fd, request, argument);
  if (result < 0) throw base::errno_error(name, "/dev/kvm", errno);
  return result;
}

base::Fd open_kvm() {
  base::Fd fd(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!fd) throw base::errno_error("open", "/dev/kvm", errno);
  return fd;
}

// All levels of one linear mapping: memory is its own address, for user mode, too; so is the APIC's
// page, which is no memory.
void write_page_tables(std::byte* memory, std::uint64_t bytes) {
  constexpr std::uint64_t bits = page_present | page_writable | page_user;
  auto* tables = reinterpret_cast<std::uint64_t*>(memory + page_tables);
  tables[0] = (page_tables + 0x1000) | bits;
  tables[512] = (page_tables + 0x2000) | bits;
  for (std::uint64_t page = 0; page * large_page < bytes; ++page)
    tables[1024 + page] = page * large_page | bits | page_large;
  constexpr std::uint64_t apic_gib = VMM_APIC_PAGE >> 30,
                          apic_page = VMM_APIC_PAGE / large_page % 512;
  tables[512 + apic_gib] = (page_tables + 0x3000) | bits;
  tables[1536 + apic_page] = VMM_APIC_PAGE / large_page * large_page | bits | page_large;
}

kvm_segment segment(std::uint16_t selector, std::uint8_t type, std::uint8_t dpl, bool code) {
  kvm_segment result{};
  result.limit = 0xffffffff;
  result.selector = static_cast<std::uint16_t>(selector | dpl);
  result.type = type;
  result.present = 1;
  result.dpl = dpl;
  result.db = code ? 0 : 1;
  result.s = 1;
  result.l = code ? 1 : 0;
  result.g = 1;
  return result;
}

void set_long_mode(kvm_sregs& sregs, Level level) {
  const std::uint8_t dpl = level == Level::user ? 3 : 0;
  sregs.cr0 = cr0_pe | cr0_mp | cr0_et | cr0_ne | cr0_pg;
  sregs.cr3 = page_tables;
  sregs.cr4 = cr4_pae;
  sregs.efer = efer_lme | efer_lma;
  sregs.cs = segment(0x08, 11, dpl, true);
  sregs.ss = sregs.ds = sregs.es = sregs.fs = sregs.gs = segment(0x10, 3, dpl, false);
}

}  // namespace

Mapping::Mapping(std::size_t bytes, int fd) : size_(bytes) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (address == MAP_FAILED) throw base::errno_error("map", "memory of a VM", errno);
  data_ = static_cast<std::byte*>(address);
}

Mapping::~Mapping() {
  ::munmap(data_, size_);
}

CpuidTable supported_cpuid() {
  constexpr std::uint32_t most = 256;
  std::vector<std::byte> bytes(sizeof(CpuidHeader) + most * sizeof(kvm_cpuid_entry2));
  CpuidHeader header{most, 0};
  std::memcpy(bytes.data(), &header, sizeof(header));
  const base::Fd kvm = open_kvm();
  call(kvm.get(), get_supported_cpuid, bytes.data(), "KVM_GET_SUPPORTED_CPUID");
  std::memcpy(&header, bytes.data(), sizeof(header));
  CpuidTable table(header.count);
  std::memcpy(table.data(), bytes.data() + sizeof(header), table.size() * sizeof(kvm_cpuid_entry2));
  return table;
}

Vcpu::Vcpu(int vm, unsigned id, std::size_t run_bytes)
    : fd_(call(vm, KVM_CREATE_VCPU, static_cast<unsigned long>(id), "KVM_CREATE_VCPU")),
      run_(run_bytes, fd_.get()),
      stack_(stacks + (id + 1) * stack_bytes) {}

void Vcpu::set_cpuid(const CpuidTable& table) {
  const CpuidHeader header{static_cast<std::uint32_t>(table.size()), 0};
  std::vector<std::byte> bytes(sizeof(header) + table.size() * sizeof(kvm_cpuid_entry2));
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), table.data(), table.size() * sizeof(kvm_cpuid_entry2));
  call(fd_.get(), set_cpuid2, bytes.data(), "KVM_SET_CPUID2");
}

kvm_sregs Vcpu::sregs() const {
  kvm_sregs sregs{};
  call(fd_.get(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
  return sregs;
}

void Vcpu::set_sregs(const kvm_sregs& sregs) {
  call(fd_.get(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

void Vcpu::make_runnable() {
  kvm_mp_state state{.mp_state = KVM_MP_STATE_RUNNABLE};
  call(fd_.get(), KVM_SET_MP_STATE, &state, "KVM_SET_MP_STATE");
}

kvm_regs Vcpu::regs() const {
  kvm_regs regs{};
  call(fd_.get(), KVM_GET_REGS, &regs, "KVM_GET_REGS");
  return regs;
}

void Vcpu::prepare(const unsigned char* code, Level level, std::uint64_t rdi, std::uint64_t rsi,
                   std::uint64_t r8) {
  if (!has_level_ || level != level_) {
    kvm_sregs special = sregs();
    set_long_mode(special, level);
    set_sregs(special);
    level_ = level;
    has_level_ = true;
  }
  kvm_regs regs{};
  regs.rip = Machine::address(code);
  regs.rflags = rflags_fixed | rflags_iopl3;
  regs.rdi = rdi;
  regs.rsi = rsi;
  regs.r8 = r8;
  regs.rsp = stack_;
  call(fd_.get(), KVM_SET_REGS, &regs, "KVM_SET_REGS");
}

// Sets the limits of real mode; a firmware's SMM and kernels before 64 bits run like that.
void Vcpu::prepare_old_mode(const unsigned char* code, OldMode mode, std::uint32_t base) {
  const bool real = mode == OldMode::real;
  kvm_sregs special = sregs();
  special.cr0 = cr0_et | cr0_ne | (real ? 0 : cr0_pe);
  special.cr3 = special.cr4 = special.efer = 0;
  special.cs = segment(0x08, 11, 0, true);
  special.cs.l = 0;
  special.cs.db = real ? 0 : 1;
  special.ss = special.ds = special.es = special.fs = special.gs = segment(0x10, 3, 0, false);
  if (real)
    for (kvm_segment* each :
         {&special.cs, &special.ss, &special.ds, &special.es, &special.fs, &special.gs})
      *each = {.limit = 0xffff, .type = 3, .present = 1, .s = 1};
  special.cs.base = base;
  special.cs.selector = static_cast<std::uint16_t>(real ? base >> 4 : 0x08);
  set_sregs(special);
  has_level_ = false;
  kvm_regs regs{};
  regs.rip = Machine::address(code) - base;
  regs.rflags = rflags_fixed;
  call(fd_.get(), KVM_SET_REGS, &regs, "KVM_SET_REGS");
}

void Vcpu::watch_debug_registers() {
  kvm_guest_debug debug{.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP};
  call(fd_.get(), KVM_SET_GUEST_DEBUG, &debug, "KVM_SET_GUEST_DEBUG");
}

std::uint32_t Vcpu::enter() {
  while (::ioctl(fd_.get(), KVM_RUN, 0) != 0) {
    if (errno != EINTR && errno != EAGAIN) throw base::errno_error("KVM_RUN", "/dev/kvm", errno);
    base::throw_if_interrupted();
  }
  return state().exit_reason;
}

void Vcpu::run() {
  const std::uint32_t reason = enter();
  if (reason == KVM_EXIT_IO && state().io.port == VMM_PORT_DONE) return;
  throw base::infrastructure_error(
      "the guest ended with KVM's exit reason " + std::to_string(reason) +
      (reason == KVM_EXIT_FAIL_ENTRY
           ? ", hardware " + std::to_string(state().fail_entry.hardware_entry_failure_reason)
           : "") +
      " at address " + std::to_string(regs().rip));
}

Machine::Machine(unsigned vcpus, Interrupts interrupts)
    : kvm_(open_kvm()),
      vm_(call(kvm_.get(), KVM_CREATE_VM, 0, "KVM_CREATE_VM")),
      memory_(data_end, -1) {
  lay_out();
  // VMX needs both where it emulates real mode; they lie above all memory.
  ::ioctl(vm_.get(), KVM_SET_TSS_ADDR, 0xfffbd000ul);
  const auto run_bytes = static_cast<std::size_t>(
      call(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"));
  const bool apic = interrupts == Interrupts::apic;
  if (apic) call(vm_.get(), KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP");
  for (unsigned id = 0; id < vcpus; ++id) vcpus_.emplace_back(vm_.get(), id, run_bytes);
  if (apic) lay_out_interrupts();
}

void Machine::lay_out() {
  write_page_tables(memory_.data(), memory_.size());
  std::memcpy(memory_.data() + code_address, vmm_payload,
              static_cast<std::size_t>(vmm_payload_end - vmm_payload));
  kvm_userspace_memory_region region{};
  region.memory_size = memory_.size();
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory_.data());
  call(vm_.get(), KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
}

void Machine::lay_out_interrupts() {
  // Describes code and data for set_long_mode's selectors, and a gate that does not change the
  // stack (SDM vol. 3, 3.4.5 and 6.14.1).
  auto* gdt = reinterpret_cast<std::uint64_t*>(memory_.data() + gdt_address);
  gdt[1] = 0x00af9b000000ffff;
  gdt[2] = 0x00cf93000000ffff;
  const auto set_gate = [this](unsigned vector, const unsigned char* code) {
    auto* gate = reinterpret_cast<std::uint64_t*>(memory_.data() + idt_address) + 2 * vector;
    const std::uint64_t handler = address(code);
    gate[0] = (handler & 0xffff) | 0x08u << 16 | 0x8e00ull << 32 | (handler >> 16 & 0xffff) << 48;
    gate[1] = handler >> 32;
  };
  set_gate(VMM_VECTOR, vmm_interrupt);
  set_gate(VMM_VECTOR_LINGERING, vmm_lingering);
  for (Vcpu& vcpu : vcpus_) {
    kvm_sregs sregs = vcpu.sregs();
    sregs.gdt = {.base = gdt_address, .limit = 3 * 8 - 1};
    sregs.idt = {.base = idt_address, .limit = 256 * 16 - 1};
    vcpu.set_sregs(sregs);
    vcpu.make_runnable();
  }
}

void Machine::interrupt(unsigned vcpu) {
  kvm_msi msi{};
  msi.address_lo = 0xfee00000 | vcpu << 12;  // SDM vol. 3, 10.11.1
  msi.data = VMM_VECTOR;
  call(vm_.get(), KVM_SIGNAL_MSI, &msi, "KVM_SIGNAL_MSI");
}

void Machine::listen(std::uint16_t port, const base::Fd& eventfd) {
  kvm_ioeventfd event{};
  event.addr = port;
  event.len = 1;
  event.fd = eventfd.get();
  event.flags = KVM_IOEVENTFD_FLAG_PIO;
  call(vm_.get(), KVM_IOEVENTFD, &event, "KVM_IOEVENTFD");
}

std::uint64_t Machine::address(const unsigned char* code) {
  return code_address + static_cast<std::uint64_t>(code - vmm_payload);
}

void Machine::ask(unsigned vcpu, Level level, std::vector<Query>& queries, std::uint64_t offset,
                  std::uint64_t lingering) {
  const std::size_t bytes = queries.size() * sizeof(Query);
  const std::uint64_t begin = data_begin + offset;
  if (queries.empty() || begin + bytes > data_end)
    throw base::infrastructure_error("no room for " + std::to_string(queries.size()) + " queries");
  std::memcpy(at(begin), queries.data(), bytes);
  vcpus_[vcpu].prepare(vmm_list, level, begin, begin + bytes, lingering);
  vcpus_[vcpu].run();
  std::memcpy(queries.data(), at(begin), bytes);
}

std::filesystem::path Machine::folder() const {
  return "/sys/kernel/debug/kvm/" + std::to_string(::getpid()) + "-" + std::to_string(vm_.get());
}

}  // namespace lab::vmm
