// The child's side: runs cases, and survives what they do. After fork it calls only async-signal-safe functions.
#define _GNU_SOURCE
#include "runner.h"

#if defined(__x86_64__) && defined(__linux__)
#include "context.h"

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { pageSize = 4096, pads = SiliconCodeBytes, data = pads + pageSize, total = data + SiliconDataBytes };

static SiliconContext *const context = (SiliconContext *)(uintptr_t)SILICON_CONTEXT_BASE;
// The regions a second time, writable: cases see them as they are to be.
static uint8_t *regions;
static SiliconResult *volatile current;
static volatile sig_atomic_t isRunning;

static int mapAt(uint64_t address, size_t bytes, int protection, int file, off_t offset) {
  int flags = MAP_FIXED_NOREPLACE | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
  void *wanted = (void *)(uintptr_t)address;
  void *got = mmap(wanted, bytes, protection, flags, file, offset);
  if (got == MAP_FAILED) return errno;
  return got == wanted ? 0 : EEXIST;
}

static int mapRegions(void) {
  int file = memfd_create("silicon", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, total) != 0) return errno;
  void *all = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (all == MAP_FAILED) return errno;
  regions = all;
  memset(regions, 0xCC, total);
  int problem = mapAt(SILICON_CODE_BASE, SiliconCodeBytes, PROT_READ | PROT_EXEC, file, 0);
  if (!problem) problem = mapAt(SILICON_PAD_BASE, pageSize, PROT_READ | PROT_EXEC, file, pads);
  if (!problem) problem = mapAt(SILICON_DATA_BASE, SiliconDataBytes, PROT_READ | PROT_WRITE, file, data);
  if (!problem) problem = mapAt(SILICON_CONTEXT_BASE, pageSize, PROT_READ | PROT_WRITE, -1, 0);
  if (problem) return problem;
  void *readOnly = (void *)(uintptr_t)(SILICON_DATA_BASE + SiliconReadOnlyOffset);
  if (mprotect(readOnly, pageSize, PROT_READ) != 0) return errno;
  close(file);
  // A first touch is a fault of its own: none is left for the cases.
  for (uint64_t page = 0; page < SiliconCodeBytes; page += pageSize)
    (void)*(volatile uint8_t *)(uintptr_t)(SILICON_CODE_BASE + page);
  (void)*(volatile uint8_t *)(uintptr_t)SILICON_PAD_BASE;
  for (uint64_t page = 0; page < SiliconDataBytes; page += pageSize) {
    volatile uint8_t *byte = (volatile uint8_t *)(uintptr_t)(SILICON_DATA_BASE + page);
    if (page == SiliconReadOnlyOffset) (void)*byte;
    else *byte = 0;
  }
  return 0;
}

static void writeLanding(uint8_t *place, uint32_t number) {
  uint32_t pointer = CONTEXT_EXITS + number * 8;
  place[0] = 0xFF;   // JMP [disp32]
  place[1] = 0x24;
  place[2] = 0x25;
  memcpy(place + 3, &pointer, 4);
}

static void vectorsFrom(SiliconVectorRegisters *target, const uint8_t *fx) {
  memset(target, 0, sizeof *target);
  for (int number = 0; number < 8; number++) {
    memcpy(&target->mmx[number], fx + 32 + 16 * number, 8);
    memcpy(&target->exponents[number], fx + 40 + 16 * number, 2);
  }
  memcpy(&target->fpuStatus, fx + 2, 2);
  target->fpuFull = fx[4];
  for (int number = 0; number < SiliconVectors; number++) memcpy(target->vectors[number], fx + 160 + 16 * number, 16);
  memcpy(&target->mxcsr, fx + 24, 4);
}

static void vectorsInto(uint8_t *fx, const SiliconVectorRegisters *source) {
  static const uint16_t controlWord = 0x37F;
  memset(fx, 0, 512);
  memcpy(fx, &controlWord, 2);
  memcpy(fx + 2, &source->fpuStatus, 2);
  fx[4] = source->fpuFull;
  memcpy(fx + 24, &source->mxcsr, 4);
  for (int number = 0; number < 8; number++) {
    memcpy(fx + 32 + 16 * number, &source->mmx[number], 8);
    memcpy(fx + 40 + 16 * number, &source->exponents[number], 2);
  }
  for (int number = 0; number < SiliconVectors; number++) memcpy(fx + 160 + 16 * number, source->vectors[number], 16);
}

static void setBase(int which, uint64_t base) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_arch_prctl), "D"(which), "S"(base) : "rcx", "r11", "memory");
  (void)result;
}

static uint64_t hostFS, hostGS;

// Every library function may rely on FS: nothing is called between these but the case.
static void loadBases(const SiliconCase *it) {
  setBase(ARCH_SET_GS, it->gsBase);
  setBase(ARCH_SET_FS, it->fsBase);
}

static void restoreBases(void) {
  setBase(ARCH_SET_FS, hostFS);
  setBase(ARCH_SET_GS, hostGS);
}

static void noteBases(void) {
  syscall(SYS_arch_prctl, ARCH_GET_FS, &hostFS);
  syscall(SYS_arch_prctl, ARCH_GET_GS, &hostGS);
}

static SiliconCase *volatile currentCase;

__attribute__((no_stack_protector)) static void caught(int number, siginfo_t *information, void *place) {
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  (void)information;
  // A fault of the child's own.
  if (!isRunning) {
    signal(number, SIG_DFL);
    return;
  }
  if (currentCase->usesBases) restoreBases();
  ucontext_t *interrupted = place;
  greg_t *registers = interrupted->uc_mcontext.gregs;
  SiliconResult *result = current;
  for (int index = 0; index < 16; index++) result->out.gpr[index] = (uint64_t)registers[order[index]];
  result->out.rip = (uint64_t)registers[REG_RIP];
  result->out.rflags = (uint64_t)registers[REG_EFL];
  result->vector = (uint8_t)registers[REG_TRAPNO];
  result->error = (uint32_t)registers[REG_ERR];
  result->cr2 = (uint64_t)registers[REG_CR2];
  result->status = SiliconFaulted;
  if (context->usesVectors && interrupted->uc_mcontext.fpregs)
    vectorsFrom(&result->vectors, (const uint8_t *)interrupted->uc_mcontext.fpregs);
  registers[REG_RIP] = (greg_t)(uintptr_t)silicon_resume;
  registers[REG_EFL] = 0x202;
}

static int catchSignals(void) {
  static uint8_t stack[1 << 16] __attribute__((aligned(64)));
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  if (sigaltstack(&alternate, NULL) != 0) return errno;
  static const int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP};
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  for (size_t index = 0; index < sizeof signals / sizeof *signals; index++)
    if (sigaction(signals[index], &action, NULL) != 0) return errno;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  return 0;
}

// Notes the lines that differ from the image, and puts the image back.
static void gather(SiliconBatch *batch, SiliconResult *result) {
  result->firstLine = batch->usedLines;
  result->lineCount = 0;
  for (uint32_t page = 0; page < SiliconDataBytes; page += pageSize) {
    uint8_t *now = regions + data + page;
    const uint8_t *image = batch->image + page;
    if (memcmp(now, image, pageSize) == 0) continue;
    for (uint32_t line = 0; line < pageSize; line += SiliconLineSize) {
      if (memcmp(now + line, image + line, SiliconLineSize) == 0) continue;
      if (batch->usedLines < SiliconLinePool) {
        SiliconLine *room = &batch->lines[batch->usedLines++];
        room->index = (page + line) / SiliconLineSize;
        memcpy(room->bytes, now + line, SiliconLineSize);
        result->lineCount++;
      } else {
        result->status = SiliconTooMuch;
      }
      memcpy(now + line, image + line, SiliconLineSize);
    }
  }
}

__attribute__((no_stack_protector)) static void runCase(SiliconBatch *batch, uint32_t index) {
  SiliconCase *it = &batch->cases[index];
  SiliconResult *result = &batch->results[index];
  for (uint32_t patch = 0; patch < it->patchCount; patch++)
    memcpy(regions + data + it->patches[patch].offset, it->patches[patch].bytes, it->patches[patch].length);
  context->in = it->in;
  context->usesVectors = it->usesVectors;
  if (it->usesVectors) vectorsInto(context->fxIn, &it->vectors);
  result->vector = 0xFF;
  result->error = 0;
  result->cr2 = 0;
  result->status = SiliconNotRun;
  current = result;
  currentCase = it;
  isRunning = 1;
  if (it->usesBases) loadBases(it);
  silicon_enter();
  if (it->usesBases) restoreBases();
  isRunning = 0;
  if (result->status == SiliconNotRun) {
    result->out = context->out;
    result->out.rip = context->landing < SiliconLandings
                        ? SILICON_CODE_BASE + (uint64_t)index * SiliconSlotSize + it->landings[context->landing]
                        : SILICON_PAD_BASE + SiliconFarLanding;
    if (it->usesVectors) vectorsFrom(&result->vectors, context->fxOut);
    result->status = SiliconLanded;
  }
  gather(batch, result);
}

static void runBatch(SiliconBatch *batch) {
  for (uint32_t index = batch->first; index < batch->count; index++) {
    uint8_t *slot = regions + index * SiliconSlotSize;
    SiliconCase *it = &batch->cases[index];
    memcpy(slot, it->code, SiliconSlotSize);
    for (uint32_t landing = 0; landing < SiliconLandings; landing++)
      if (it->landings[landing] != 0xFF) writeLanding(slot + it->landings[landing], landing);
  }
  memcpy(regions + data, batch->image, SiliconDataBytes);
  // Code was written through another linear address: a serializing instruction must come before it is executed.
  uint32_t ignored[4];
  silicon_cpuid(0, 0, ignored);
  for (uint32_t index = batch->first; index < batch->count; index++) {
    batch->current = index;
    runCase(batch, index);
  }
  batch->current = batch->count;
}

_Noreturn void silicon_child(SiliconBatch *batches, uint32_t count, int commands, int answers) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  noteBases();
  int problem = mapRegions();
  if (!problem) problem = catchSignals();
  if (!problem) {
    void (*const exits[])(void) = {silicon_exit0, silicon_exit1, silicon_exit2, silicon_exit3};
    for (int number = 0; number <= SiliconLandings; number++) context->exits[number] = (uint64_t)(uintptr_t)exits[number];
    writeLanding(regions + pads + SiliconFarLanding, SiliconLandings);
  }
  uint8_t byte;
  while (read(commands, &byte, 1) == 1) {
    if (!problem && byte < count) runBatch(&batches[byte]);
    byte = (uint8_t)problem;
    if (write(answers, &byte, 1) != 1) break;
  }
  _exit(0);
}

#else

_Noreturn void silicon_child(SiliconBatch *batches, uint32_t count, int commands, int answers) {
  (void)batches;
  (void)count;
  (void)commands;
  (void)answers;
  while (1) continue;
}

#endif
