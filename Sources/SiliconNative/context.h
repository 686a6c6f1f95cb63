// The context page: what the assembly and the signal handler reach by absolute addresses, because a case has every
// register to itself.
#ifndef SHOOTDOWN_SILICON_CONTEXT_H
#define SHOOTDOWN_SILICON_CONTEXT_H

#include "silicon_native.h"

#define CONTEXT_IN SILICON_CONTEXT_BASE
#define CONTEXT_IN_FLAGS (SILICON_CONTEXT_BASE + 128)
#define CONTEXT_IN_RIP (SILICON_CONTEXT_BASE + 136)
#define CONTEXT_OUT (SILICON_CONTEXT_BASE + 144)
#define CONTEXT_OUT_FLAGS (SILICON_CONTEXT_BASE + 272)
#define CONTEXT_HOST_RSP (SILICON_CONTEXT_BASE + 288)
#define CONTEXT_LANDING (SILICON_CONTEXT_BASE + 296)
#define CONTEXT_USES_VECTORS (SILICON_CONTEXT_BASE + 300)
#define CONTEXT_EXITS (SILICON_CONTEXT_BASE + 304)
#define CONTEXT_FX_IN (SILICON_CONTEXT_BASE + 512)
#define CONTEXT_FX_OUT (SILICON_CONTEXT_BASE + 1024)
#define CONTEXT_FX_HOST (SILICON_CONTEXT_BASE + 1536)

#ifndef __ASSEMBLER__

typedef struct {
  SiliconRegisters in;
  SiliconRegisters out;
  uint64_t hostRSP;
  uint32_t landing;
  uint32_t usesVectors;
  uint64_t exits[SiliconLandings + 1];
  uint8_t reserved[176];
  uint8_t fxIn[512], fxOut[512], fxHost[512];
} SiliconContext;

_Static_assert(offsetof(SiliconContext, out) == CONTEXT_OUT - SILICON_CONTEXT_BASE, "context.h");
_Static_assert(offsetof(SiliconContext, hostRSP) == CONTEXT_HOST_RSP - SILICON_CONTEXT_BASE, "context.h");
_Static_assert(offsetof(SiliconContext, landing) == CONTEXT_LANDING - SILICON_CONTEXT_BASE, "context.h");
_Static_assert(offsetof(SiliconContext, exits) == CONTEXT_EXITS - SILICON_CONTEXT_BASE, "context.h");
_Static_assert(offsetof(SiliconContext, fxIn) == CONTEXT_FX_IN - SILICON_CONTEXT_BASE, "context.h");
_Static_assert(offsetof(SiliconContext, fxHost) == CONTEXT_FX_HOST - SILICON_CONTEXT_BASE, "context.h");

// Runs the case in the context; returns when it has landed or faulted.
void silicon_enter(void);
// Where a faulted case goes on: back to the caller of silicon_enter.
void silicon_resume(void);
// The landings: each notes its number.
void silicon_exit0(void);
void silicon_exit1(void);
void silicon_exit2(void);
void silicon_exit3(void);

#endif
#endif
