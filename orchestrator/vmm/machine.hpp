// SPDX-License-Identifier: MIT
// A VM on /dev/kvm with nothing in it but memory and vCPUs in 64-bit mode: no devices, no firmware,
// and interrupts only where they are asked for. So every exit of it is known beforehand, but for
// those that the host's own interrupts cause.
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

// What KVM offers a guest on this machine.
CpuidTable supported_cpuid();

// One CPUID: registers rax, rbx, rcx, rdx before and after it.
struct Query {
  std::uint64_t in[4];
  std::uint64_t out[4];
};
static_assert(sizeof(Query) == VMM_QUERY_BYTES);

// Memory that is unmapped at its end.
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
  // The registers of the next run: 64-bit mode at this code of the payload, with these arguments.
  void prepare(const unsigned char* code, Level level, std::uint64_t rdi, std::uint64_t rsi,
               std::uint64_t r8 = 0);
  // Enters the guest until KVM hands an exit to user space, and says which (KVM_EXIT_…).
  std::uint32_t enter();
  // As enter(), but Error (infrastructure) unless the guest said that it is done.
  void run();

  // From now on each access to a debug register exits; usually KVM lets the guest have them after
  // one, until another exit.
  void watch_debug_registers();

  // Does not wait for another vCPU's SIPI, as those do that have an APIC.
  void make_runnable();

  // The next run begins there in real or in protected 32-bit mode, by a code segment with this
  // base.
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
  // With interrupts: local APICs, emulated by KVM, vmm_interrupt behind VMM_VECTOR, and
  // vmm_lingering behind VMM_VECTOR_LINGERING. Error (infrastructure) where KVM refuses.
  enum class Interrupts { none, apic };
  explicit Machine(unsigned vcpus, Interrupts interrupts = Interrupts::none);

  Vcpu& vcpu(unsigned index) { return vcpus_[index]; }
  unsigned vcpus() const { return static_cast<unsigned>(vcpus_.size()); }

  // Guest-physical (and, one to one, linear) addresses that are free for tests' data.
  static constexpr std::uint64_t data_begin = 2u << 20, data_end = 16u << 20;
  void* at(std::uint64_t address) { return memory_.data() + address; }
  template <typename T>
  T* data(std::uint64_t offset) {
    return static_cast<T*>(at(data_begin + offset));
  }
  static std::uint64_t address(const unsigned char* code);

  // Makes the vCPU execute these queries, at `offset` in the tests' data, with so many instructions
  // before each that cause no exit.
  void ask(unsigned vcpu, Level level, std::vector<Query>& queries, std::uint64_t offset = 0,
           std::uint64_t lingering = 0);

  // An IPI of VMM_VECTOR to a vCPU, from nowhere.
  void interrupt(unsigned vcpu);
  // From now on a byte written to the port ends in KVM, which adds one to the eventfd.
  void listen(std::uint16_t port, const base::Fd& eventfd);

  // Under debugfs.
  std::filesystem::path folder() const;

 private:
  void lay_out();
  void lay_out_interrupts();

  base::Fd kvm_, vm_;
  Mapping memory_;
  std::deque<Vcpu> vcpus_;
};

}  // namespace lab::vmm
