// Runs instructions on the host's own processor, in a child process.
//
// The child maps code, data and a context page at the fixed addresses below, so that the emulated machine can have the
// same linear addresses. A batch of cases lies in memory that parent and child share; the child runs it case by case and
// notes registers, flags, the exception if there was one, and the lines of data that differ from the batch's image.
#ifndef SHOOTDOWN_SILICON_NATIVE_H
#define SHOOTDOWN_SILICON_NATIVE_H

// Linear addresses; the pages around each region are not mapped. All lie below 2 GiB, so that a 32-bit displacement
// reaches them.
#define SILICON_CODE_BASE 0x20000000
#define SILICON_PAD_BASE 0x20080000
#define SILICON_DATA_BASE 0x20100000
#define SILICON_CONTEXT_BASE 0x20200000

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

enum {
  SiliconCodeBase = SILICON_CODE_BASE,        // read, execute
  SiliconPadBase = SILICON_PAD_BASE,          // one page, read, execute: a place to branch to that is far away
  SiliconDataBase = SILICON_DATA_BASE,        // four pages: read-write, read-write, read-only, read-write
  SiliconBatchSize = 256,                     // cases
  SiliconSlotSize = 160,                      // bytes of code for a case; some slots cross pages
  SiliconCodeBytes = SiliconBatchSize * SiliconSlotSize,
  SiliconDataBytes = 0x4000,
  SiliconReadOnlyOffset = 0x2000,             // of the read-only page in the data
  SiliconLineSize = 64,
  SiliconLineCount = SiliconDataBytes / SiliconLineSize,
  SiliconLinePool = 4096,                     // lines that a batch can give back
  SiliconPatches = 4,
  SiliconLandings = 3,                        // in the case's slot; the far one is another
  SiliconFarLanding = 0x100,                  // offset in the page at SiliconPadBase
  SiliconLandingLength = 7,
  SiliconVectors = 16,
};

// Bytes of the data that differ from the batch's image at the start of a case.
typedef struct {
  uint16_t offset;
  uint16_t length;
  uint8_t bytes[16];
} SiliconPatch;

// The registers that a 64-bit program sees.
typedef struct {
  uint64_t gpr[16];
  uint64_t rflags;
  uint64_t rip;
} SiliconRegisters;

// ST0-ST7 as FXSAVE orders them, with TOP and the abridged tag word; XMM0-XMM15, each with room for the widest form. With
// TOP = 0 the significands are MM0-MM7.
typedef struct {
  uint64_t mmx[8];
  uint8_t vectors[SiliconVectors][64];
  uint32_t mxcsr;
  uint16_t exponents[8];
  uint16_t fpuStatus;
  uint8_t fpuFull;
  uint8_t reserved;
} SiliconVectorRegisters;

// A case: what is run.
typedef struct {
  SiliconRegisters in;
  uint8_t code[SiliconSlotSize];       // the whole slot, without landings
  uint8_t landings[SiliconLandings];   // offsets in the slot, FFh: none
  uint8_t patchCount;
  uint8_t usesVectors;                 // `vectors` is loaded before and stored behind it
  uint8_t usesBases;                   // FS and GS have the bases below, else the host program's
  uint8_t reserved[2];
  uint64_t fsBase, gsBase;
  SiliconPatch patches[SiliconPatches];
  SiliconVectorRegisters vectors;
} SiliconCase;

enum {
  SiliconNotRun = 0,
  SiliconLanded = 1,      // at one of the landings; RIP is its address
  SiliconFaulted = 2,     // with an exception; RIP is the one that the exception reports
  SiliconDied = 3,        // the child ended or hung in this case
  SiliconTooMuch = 4,     // it changed more lines of data than the batch has room for
};

// What came of a case.
typedef struct {
  SiliconRegisters out;
  uint64_t cr2;
  uint32_t error;
  uint8_t vector;
  uint8_t status;
  uint16_t lineCount;
  uint32_t firstLine;
  uint32_t reserved;
  SiliconVectorRegisters vectors;
} SiliconResult;

// A line of data that a case left different from the batch's image.
typedef struct {
  uint32_t index;
  uint32_t reserved;
  uint8_t bytes[SiliconLineSize];
} SiliconLine;

// Cases, and what came of them.
typedef struct {
  uint32_t first;                      // cases first..<count are run
  uint32_t count;
  volatile uint32_t current;           // the one being run
  uint32_t usedLines;
  uint8_t image[SiliconDataBytes];
  SiliconCase cases[SiliconBatchSize];
  SiliconResult results[SiliconBatchSize];
  SiliconLine lines[SiliconLinePool];
} SiliconBatch;

typedef struct SiliconRunner SiliconRunner;

// A runner with `count` batches in shared memory, or null with errno set. The child is started by the first batch.
SiliconRunner *_Nullable silicon_open(uint32_t count);
// Ends the child and frees everything.
void silicon_close(SiliconRunner *_Nonnull runner);
// A batch's memory.
SiliconBatch *_Nonnull silicon_batch(SiliconRunner *_Nonnull runner, uint32_t number);
// Hands a batch to the child; one at a time. 0, or -1 with errno set.
int silicon_start(SiliconRunner *_Nonnull runner, uint32_t number);
// Waits until the batch handed over is done, starting the child anew whenever it dies. 0, or -1 with errno set.
int silicon_wait(SiliconRunner *_Nonnull runner);

// CPUID on the host: EAX, EBX, ECX, EDX; zeros for a leaf that it does not have.
void silicon_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *_Nonnull registers);

static inline SiliconCase *_Nonnull silicon_case(SiliconBatch *_Nonnull batch, uint32_t index) {
  return &batch->cases[index];
}
static inline SiliconResult *_Nonnull silicon_result(SiliconBatch *_Nonnull batch, uint32_t index) {
  return &batch->results[index];
}
static inline SiliconLine *_Nonnull silicon_line(SiliconBatch *_Nonnull batch, uint32_t index) {
  return &batch->lines[index];
}
static inline SiliconVectorRegisters *_Nonnull silicon_case_vectors(SiliconCase *_Nonnull it) { return &it->vectors; }
static inline SiliconVectorRegisters *_Nonnull silicon_result_vectors(SiliconResult *_Nonnull result) {
  return &result->vectors;
}
static inline uint8_t *_Nonnull silicon_image(SiliconBatch *_Nonnull batch) { return batch->image; }
static inline uint8_t *_Nonnull silicon_code(SiliconCase *_Nonnull it) { return it->code; }
static inline uint8_t *_Nonnull silicon_landings(SiliconCase *_Nonnull it) { return it->landings; }
static inline SiliconPatch *_Nonnull silicon_patch(SiliconCase *_Nonnull it, uint32_t index) {
  return &it->patches[index];
}
static inline uint8_t *_Nonnull silicon_patch_bytes(SiliconPatch *_Nonnull patch) { return patch->bytes; }
static inline uint64_t *_Nonnull silicon_gprs(SiliconRegisters *_Nonnull registers) { return registers->gpr; }
static inline uint64_t *_Nonnull silicon_mmx(SiliconVectorRegisters *_Nonnull registers) { return registers->mmx; }
static inline uint16_t *_Nonnull silicon_exponents(SiliconVectorRegisters *_Nonnull registers) {
  return registers->exponents;
}
// The first eight bytes of vector register 0; registers are 64 bytes apart.
static inline uint64_t *_Nonnull silicon_vectors(SiliconVectorRegisters *_Nonnull registers) {
  return (uint64_t *)(void *)registers->vectors;
}
static inline uint8_t *_Nonnull silicon_line_bytes(SiliconLine *_Nonnull line) { return line->bytes; }

#endif
#endif
