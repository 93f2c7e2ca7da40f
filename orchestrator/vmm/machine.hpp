// SPDX-License-Identifier: MIT
// Runs a VM on /dev/kvm with nothing in it but memory and vCPUs in 64-bit mode: no devices, no
// firmware, and interrupts only on request. So all its exits are known beforehand, except those
// that the host's own interrupts cause.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/vmm/payload.h"

namespace lab::vmm {

enum class Level { kernel, user };  // CPL 0 or 3

using CpuidTable = std::vector<kvm_cpuid_entry2>;

// Returns the CPUID table that KVM offers a guest on this machine.
CpuidTable supported_cpuid();

// Is one CPUID: registers rax, rbx, rcx, rdx before and after it.
struct Query {
  std::uint64_t in[4];
  std::uint64_t out[4];
};
static_assert(sizeof(Query) == VMM_QUERY_BYTES);

// Maps memory, and unmaps it in its destructor.
class Mapping {
 public:
  Mapping(std::size_t bytes, int fd);  // fd -1: anonymous
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();
  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_;
  std::size_t size_;
};

class Vcpu {
 public:
  Vcpu(int vm, unsigned id, std::size_t run_bytes);

  void set_cpuid(const CpuidTable& table);
  // Sets the next run's registers: 64-bit mode at this code of the payload, with these arguments.
  void prepare(const unsigned char* code, Level level, std::uint64_t rdi, std::uint64_t rsi,
               std::uint64_t r8 = 0);
  // Enters the guest until KVM hands an exit to user space, and returns its reason (KVM_EXIT_…).
  std::uint32_t enter();
  // Does as enter(). Throws an infrastructure error unless the guest reports that it is done.
  void run();

  // Makes each access to a debug register exit from now on; usually KVM gives the guest the
  // registers after one access, until another exit.
  void watch_debug_registers();

  // Makes the vCPU run without another vCPU's SIPI, for which vCPUs with an APIC wait.
  void make_runnable();

  // Lets the next run begin at this code in real or in protected 32-bit mode, with a code segment
  // of this base.
  enum class OldMode { real, protected_32 };
  void prepare_old_mode(const unsigned char* code, OldMode mode, std::uint32_t base);

  kvm_sregs sregs() const;
  void set_sregs(const kvm_sregs& sregs);
  kvm_regs regs() const;
  const kvm_run& state() const { return *reinterpret_cast<const kvm_run*>(run_.data()); }

 private:
  base::Fd fd_;
  Mapping run_;
  Level level_ = Level::kernel;
  bool has_level_ = false;
  std::uint64_t stack_;
};

class Machine {
 public:
  // `apic` adds local APICs, emulated by KVM, vmm_interrupt at VMM_VECTOR and vmm_lingering at
  // VMM_VECTOR_LINGERING. Throws an infrastructure error where KVM refuses.
  enum class Interrupts { none, apic };
  explicit Machine(unsigned vcpus, Interrupts interrupts = Interrupts::none);

  Vcpu& vcpu(unsigned index) { return vcpus_[index]; }
  unsigned vcpus() const { return static_cast<unsigned>(vcpus_.size()); }

  // Guest-physical addresses (linear ones are equal) that tests may use for their data.
  static constexpr std::uint64_t data_begin = 2u << 20, data_end = 16u << 20;
  void* at(std::uint64_t address) { return memory_.data() + address; }
  template <typename T>
  T* data(std::uint64_t offset) {
    return static_cast<T*>(at(data_begin + offset));
  }
  static std::uint64_t address(const unsigned char* code);

  // Makes the vCPU execute these queries, at `offset` in the tests' data, with `lingering`
  // instructions that cause no exit before each.
  void ask(unsigned vcpu, Level level, std::vector<Query>& queries, std::uint64_t offset = 0,
           std::uint64_t lingering = 0);

  // Sends an IPI of VMM_VECTOR to a vCPU, from no other vCPU.
  void interrupt(unsigned vcpu);
  // Makes KVM itself handle a byte written to the port from now on: it adds one to the eventfd.
  void listen(std::uint16_t port, const base::Fd& eventfd);

  // Returns the VM's folder in debugfs.
  std::filesystem::path folder() const;

 private:
  void lay_out();
  void lay_out_interrupts();

  base::Fd kvm_, vm_;
  Mapping memory_;
  std::deque<Vcpu> vcpus_;
};

}  // namespace lab::vmm
