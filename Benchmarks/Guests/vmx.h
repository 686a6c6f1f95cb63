// A guest of the guest: enters VMX operation, makes a VMCS for 64-bit code on the flat segments of the boot, and runs it
// until it leaves by another exit than the one that is measured.

#ifndef VMX_H
#define VMX_H

#include "guest.h"

enum {
  EXIT_CPUID = 10,
  EXIT_VMCALL = 18,
  VMCS_EPT_POINTER = 0x201A,
  VMCS_GUEST_RIP = 0x681E,
};

// What a VMCS is made of.
enum {
  USE_NOTHING = 0,
  USE_EPT = 1 << 1,
  USE_VPID = 1 << 5,
};

#define PAGE __attribute__((aligned(4096)))

static PAGE uint8_t vmxon_region[4096];
static PAGE uint8_t vmcs_region[4096];
static PAGE uint64_t ept_top[512];
static PAGE uint64_t ept_middle[512];
static PAGE uint64_t ept_leaves[512];
static uint8_t guest_stack[4096] __attribute__((aligned(16)));

static inline uint64_t read_msr(uint32_t number) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
  return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t number, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline uint64_t vmread(uint64_t field) {
  uint64_t value;
  __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
  return value;
}

static inline void vmwrite(uint64_t field, uint64_t value) {
  __asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"(field) : "cc", "memory");
}

static inline uint64_t read_cr3(void) {
  uint64_t value;
  __asm__ volatile("mov %%cr3, %0" : "=r"(value));
  return value;
}

static inline void write_cr3(uint64_t value) { __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }

// A single-context INVEPT.
static inline void invept(uint64_t pointer) {
  struct {
    uint64_t pointer, reserved;
  } descriptor = {pointer, 0};
  __asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"((uint64_t)1) : "cc", "memory");
}

// What a capability MSR allows of the wanted controls, and what it demands.
static __attribute__((unused)) uint64_t controls(uint32_t msr, uint32_t wanted) {
  uint64_t allowed = read_msr(msr);
  return (wanted | (uint32_t)allowed) & (allowed >> 32);
}

// An EPT that maps the first GiB to itself.
static __attribute__((unused)) uint64_t make_ept(void) {
  for (uint64_t i = 0; i < 512; i++) {
    ept_leaves[i] = i << 21 | 0xB7;
  }
  ept_middle[0] = (uint64_t)ept_leaves | 7;
  ept_top[0] = (uint64_t)ept_middle | 7;
  return (uint64_t)ept_top | 0x1E;
}

static __attribute__((unused)) void enter_vmx_operation(void) {
  if ((read_msr(0x3A) & 1) == 0) {
    write_msr(0x3A, 5);
  }
  uint64_t register_value;
  __asm__ volatile("mov %%cr0, %0; or $0x20, %0; mov %0, %%cr0" : "=&r"(register_value));
  __asm__ volatile("mov %%cr4, %0; or $0x2000, %0; mov %0, %%cr4" : "=&r"(register_value));
  uint32_t revision = (uint32_t)read_msr(0x480) & 0x7FFFFFFF;
  *(uint32_t *)vmxon_region = revision;
  *(uint32_t *)vmcs_region = revision;
  uint64_t address = (uint64_t)vmxon_region;
  __asm__ volatile("vmxon %0" : : "m"(address) : "cc", "memory");
  address = (uint64_t)vmcs_region;
  __asm__ volatile("vmclear %0; vmptrld %0" : : "m"(address) : "cc", "memory");
}

static __attribute__((unused)) void fill_vmcs(uint32_t features, void (*guest)(void)) {
  static const uint32_t fields[][2] = {
      {0x0800, 0x10}, {0x0802, 8},    {0x0804, 0x10}, {0x0806, 0x10}, {0x0808, 0x10}, {0x080A, 0x10}, {0x080C, 0},
      {0x080E, 0x18}, {0x0C00, 0x10}, {0x0C02, 8},    {0x0C04, 0x10}, {0x0C06, 0x10}, {0x0C08, 0x10}, {0x0C0A, 0x10},
      {0x0C0C, 0x18}, {0x4004, 0},    {0x400A, 0},    {0x400E, 0},    {0x4010, 0},    {0x4014, 0},    {0x4016, 0},
      {0x480C, 0},    {0x480E, 0x67}, {0x4810, 23},   {0x4812, 0xFFF}, {0x4814, 0xC093}, {0x4816, 0xA09B},
      {0x4818, 0xC093}, {0x481A, 0xC093}, {0x481C, 0xC093}, {0x481E, 0xC093}, {0x4820, 0x10000}, {0x4822, 0x8B},
      {0x4824, 0},    {0x4826, 0},    {0x482A, 0},    {0x4C00, 0},    {0x6000, 0},    {0x6002, 0},    {0x6806, 0},
      {0x6808, 0},    {0x680A, 0},    {0x680C, 0},    {0x680E, 0},    {0x6810, 0},    {0x6812, 0},    {0x6814, 0x1000},
      {0x6816, 0x1000}, {0x6818, 0},  {0x681A, 0x400}, {0x6820, 2},   {0x6822, 0},    {0x6824, 0},    {0x6826, 0},
      {0x6C06, 0},    {0x6C08, 0},    {0x6C0A, 0x1000}, {0x6C0C, 0x1000}, {0x6C0E, 0}, {0x6C10, 0},   {0x6C12, 0},
  };
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
    vmwrite(fields[i][0], fields[i][1]);
  }
  for (uint64_t limit = 0x4800; limit <= 0x480A; limit += 2) {
    vmwrite(limit, 0xFFFFFFFF);
  }
  vmwrite(0x2800, ~0ull);
  uint64_t value;
  __asm__ volatile("mov %%cr0, %0" : "=r"(value));
  vmwrite(0x6800, value);
  vmwrite(0x6C00, value);
  __asm__ volatile("mov %%cr4, %0" : "=r"(value));
  vmwrite(0x6804, value);
  vmwrite(0x6C04, value);
  vmwrite(0x6802, read_cr3());
  vmwrite(0x6C02, read_cr3());
  vmwrite(0x4000, controls(0x481, 0));
  vmwrite(0x4002, controls(0x482, features ? 1u << 31 : 0));
  vmwrite(0x400C, controls(0x483, 1 << 9));
  vmwrite(0x4012, controls(0x484, 1 << 9));
  if (features) {
    vmwrite(0x401E, controls(0x48B, features));
  }
  if (features & USE_VPID) {
    vmwrite(0x0000, 1);
  }
  if (features & USE_EPT) {
    vmwrite(VMCS_EPT_POINTER, make_ept());
  }
  vmwrite(0x681C, (uint64_t)guest_stack + sizeof(guest_stack));
  vmwrite(VMCS_GUEST_RIP, (uint64_t)guest);
}

// Runs the guest, which has what it counts with in RSI. An exit for `reason` goes on behind the instruction, which has
// `length` bytes; any other one ends it. The exit's side is eight instructions.
//
// Returns what the guest left in RSI.
#define RUN_GUEST(reason, length, count)                                                                              \
  ({                                                                                                                  \
    uint64_t counter = (count);                                                                                       \
    __asm__ volatile("mov $0x6C14, %%edx\n\t"                                                                         \
                     "vmwrite %%rsp, %%rdx\n\t"                                                                       \
                     "lea 1f(%%rip), %%rax\n\t"                                                                       \
                     "mov $0x6C16, %%edx\n\t"                                                                         \
                     "vmwrite %%rax, %%rdx\n\t"                                                                       \
                     "vmlaunch\n\t"                                                                                   \
                     "jmp 2f\n"                                                                                       \
                     "1:\n\t"                                                                                         \
                     "mov $0x4402, %%ecx\n\t"                                                                         \
                     "vmread %%rcx, %%rax\n\t"                                                                        \
                     "cmp %1, %%eax\n\t"                                                                              \
                     "jne 2f\n\t"                                                                                     \
                     "mov $0x681E, %%ecx\n\t"                                                                         \
                     "vmread %%rcx, %%rdx\n\t"                                                                        \
                     "add %2, %%rdx\n\t"                                                                              \
                     "vmwrite %%rdx, %%rcx\n\t"                                                                       \
                     "vmresume\n"                                                                                     \
                     "2:"                                                                                             \
                     : "+S"(counter)                                                                                  \
                     : "i"(reason), "i"(length)                                                                       \
                     : "rax", "rbx", "rcx", "rdx", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", \
                       "memory");                                                                                     \
    counter;                                                                                                          \
  })

// CPUID, RSI times; then VMCALL.
void guest_of_cpuid(void);
__asm__("guest_of_cpuid:\n"
        "1: xorl %eax, %eax\n cpuid\n decq %rsi\n jnz 1b\n vmcall\n");

// VMCALL, RSI times; then CPUID.
void guest_of_vmcall(void);
__asm__("guest_of_vmcall:\n"
        "1: vmcall\n decq %rsi\n jnz 1b\n cpuid\n");

// Reads 512 pages from 16 MiB on, then VMCALL; RSI times; then CPUID.
void guest_of_pages(void);
__asm__("guest_of_pages:\n"
        "1: movl $0x1000000, %edi\n movl $512, %r8d\n"
        "2: movq (%rdi), %rax\n addq $0x1000, %rdi\n decl %r8d\n jnz 2b\n"
        " vmcall\n decq %rsi\n jnz 1b\n cpuid\n");

// One benchmark: enters, runs, and reports how often it was to run and what is left of the count, which is nothing.
#define EXITS(name, features, guest, reason, length, count)      \
  void guest_main(void) {                                        \
    enter_vmx_operation();                                       \
    fill_vmcs(features, guest);                                  \
    uint64_t left = RUN_GUEST(reason, length, count);            \
    finish(name, fold(fold(0, count), left << 8 | vmread(0x4402))); \
  }

#endif
