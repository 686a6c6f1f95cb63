// The layout of a processor's state, of a decoded operation and of a decoded block.
//
// Nothing else belongs here. These are C structs because a Swift struct cannot appear in a C function type, and a
// handler is a C function pointer. Offsets that code or decoded operations rely on are asserted below.
#ifndef SHOOTDOWN_LAYOUT_H
#define SHOOTDOWN_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct ProcessorState ProcessorState;
typedef struct DecodedOp DecodedOp;
typedef struct DecodedBlock DecodedBlock;

// Executes one operation and tail-calls its successor's handler; the last one of a block returns.
typedef void (*Handler)(ProcessorState *_Nonnull, const DecodedOp *_Nonnull);

// One decoded instruction, 32 bytes. Register operands are byte offsets into ProcessorState, so that AH is an offset
// like any other and "no base", "no index" and RIP-relative addressing need no test.
struct DecodedOp {
  Handler _Nonnull handler;
  int64_t immediate;       // sign-extended immediate, or the displacement of a direct branch from the block's RIP
  int32_t displacement;    // of a memory operand; for RIP-relative ones, from the block's RIP
  uint8_t destination;     // register operand that is written (or the only one)
  uint8_t source;          // register operand that is read
  uint8_t base;            // memory operand: base register
  uint8_t index;           // memory operand: index register
  uint8_t scale;           // memory operand: shift of the index, 0-3; branches: log2 of the operand's bytes
  uint8_t number;          // instructions of the block before this one
  uint8_t length;          // bytes of this instruction, 1-15
  uint8_t detail;          // prefixes that the handler asks for: Detail…
  uint16_t ripOffset;      // of this instruction's first byte from the block's first byte
  uint16_t cyclesBefore;   // cycles of the block's instructions before this one
};

// The two successors of a block that ends in a direct branch; lies in the op slot behind the branch.
typedef struct {
  DecodedBlock *_Nullable taken;
  DecodedBlock *_Nullable notTaken;
  uint64_t reserved[2];
} BlockLinks;

// A straight run of instructions inside one page, followed in memory by its ops.
struct DecodedBlock {
  uint64_t key;                         // physical address of the first byte << 8 | decode mode
  DecodedBlock *_Nullable nextInBucket;
  uint32_t cycles;                      // of all its instructions
  uint16_t count;                       // instructions
  uint16_t bytes;                       // from the first instruction's first byte to the last one's last
  uint64_t granules;                    // 64-byte granules of the first page that it was decoded from
  uint64_t secondPage;                  // physical page the last instruction runs into, or ~0
  DecodedBlock *_Nullable nextInPage;   // blocks that start in the same physical page
  uint32_t live;                        // 0 once dropped
  uint16_t linkable;                    // bit 0: the taken successor lies in this page, bit 1: the other one does
  uint16_t lastOp;                      // index of the op that ends the block
  uint64_t reserved;
};

// Host pointer to a guest page, filed under linear page and context number (low 12 bits).
typedef struct {
  uint64_t readTag;     // page | context, or ~0
  uint64_t writeTag;    // page | context, or ~0
  uint64_t addend;      // host address - linear address
  uint32_t mapping;     // slot of the EPTTLB mapping that backs it
  uint32_t reserved;
} HostPointer;

// Where a linear RIP continues under a context.
typedef struct {
  uint64_t rip;
  uint64_t contextAndGeneration;   // context, mode and how often it may have lapsed; see fetchTag
  DecodedBlock *_Nullable block;
  uint64_t reserved;
} FetchPointer;

typedef struct {
  uint64_t base;
  uint32_t limit;        // in bytes, granularity applied
  uint32_t attributes;   // as in a VMCS access-rights field: type, S, DPL, P, AVL, L, D/B, G; bit 16: unusable
  uint16_t selector;
  uint16_t reserved[3];
} SegmentRegister;

typedef struct {
  uint64_t base;
  uint64_t limit;
} DescriptorTableRegister;

enum {
  DetailAddress16 = 1,   // 16-bit addresses
  DetailRepeat = 2,      // F3
  DetailRepeatNot = 4,   // F2
  DetailEnds = 8,        // last of its block: BlockLinks lie behind it
  DetailAddress32 = 16,  // 32-bit addresses
  DetailSegmented = 32,  // string instructions: segments have bases or limits that count
  DetailWrites = 64,     // address ops: the operand is written
};

// What decides how bytes are decoded.
enum {
  ModeCode16 = 0,
  ModeCode32 = 1,
  ModeCode64 = 2,
  ModeCodeMask = 3,
  ModeFlatData = 4,    // DS, ES and SS: base 0, limit FFFFFFFFh, readable and writable
  ModeFlatCode = 8,    // CS: base 0, limit FFFFFFFFh
  ModeStack32 = 16,    // SS.B
  ModeLimit = 32,      // in a block's key only: CS ends inside the page
  ModeProtected = 64,  // 16- and 32-bit code of protected mode: VEX prefixes exist
};

// A vector register, with room for 64 bytes; XMM registers are the low 16.
typedef struct {
  uint64_t quadwords[8];
} VectorRegister;

// A data register of the x87 FPU: an 80-bit number, or an MMX register in its low half.
typedef struct {
  uint64_t significand;
  uint64_t signAndExponent;   // 16 bits
} FPURegister;

// State of x87, MMX and SSE; lies behind the caches. The registers of a decoded op are numbers * 8, as for general ones.
typedef struct {
  VectorRegister vector[16];
  FPURegister fpu[8];           // R0-R7, not relative to TOP; MM0-MM7
  uint64_t fpuInstruction;      // last instruction pointer
  uint64_t fpuData;             // last data pointer
  uint16_t fpuControl;
  uint16_t fpuStatus;
  uint16_t fpuOpcode;           // last opcode, 11 bits
  uint16_t fpuCodeSelector;
  uint16_t fpuDataSelector;
  uint8_t fpuFull;              // abridged tag word: bit i set, Ri is not empty
  uint8_t reserved;
  uint32_t mxcsr;
  uint64_t xcr0;
  // What follows is derived from the control registers and the status word: a vector to raise, or 0.
  uint8_t sseFault;
  uint8_t mmxFault;
  uint8_t fpuFault;
  uint8_t reserved2[5];
} VectorState;

// Why a block was left before its last op.
enum {
  ExitNone = 0,
  ExitFault = 1,        // `fault…` says which; RIP is that of the instruction
  ExitStop = 2,         // an instruction boundary was reached at which the run loop must look
  ExitDropped = 3,      // the block had been dropped: find it anew
  ExitRefused = 4,      // an instruction that is not built; RIP is its own
  ExitInterrupt = 5,    // INT n, INT3: `faultVector`; RIP is behind the instruction
  ExitVirtual = 6,      // a VM exit or entry is due at this boundary
};

// Where a VMCS field lies among the fields, by its encoding's width, type and index: VMCSPlaceCount of them.
typedef struct {
  uint64_t mask;               // bits that VMWRITE stores
  uint16_t field;              // its number, or VMCSNoField
  uint16_t isReadOnly;
  uint32_t mark;               // number of a word behind the fields that VMWRITE makes 1
} VMCSPlace;

enum {
  VMCSPlaceCount = 1024,
  VMCSNoField = 0xFFFF,
};

struct ProcessorState {
  uint64_t gpr[16];            // RAX RCX RDX RBX RSP RBP RSI RDI R8-R15
  uint64_t zero;               // always 0: the base or index of an address that has none
  uint64_t rip;                // of the first instruction of the block being run; exact between blocks
  uint64_t linear;             // linear address of a memory operand, left by the address op before the instruction's own
  uint64_t flagResult;         // arithmetic flags, kept lazily: see LazyFlags
  uint64_t flagCarries;
  uint64_t rflags;             // the other flags; arithmetic bits are 0 here, bit 1 is set
  uint64_t context;            // current context number, 1-4094
  DecodedBlock *_Nullable *_Nullable link;   // where the block's end wants its successor remembered, or null

  uint64_t cycles;             // this processor's clock, the running block already counted whole
  uint64_t instructions;       // retired, the running block already counted whole
  uint64_t deadline;           // cycle at which the run loop must look
  uint64_t instructionLimit;   // instruction count at which the run loop must look
  DecodedBlock *_Nullable block;
  uint32_t exit;               // Exit…
  uint32_t fellThrough;        // set when an op run alone has passed on to its successor

  uint64_t missAddress;        // linear address of the access that missed
  uint32_t missSize;           // bytes
  uint32_t missKind;           // bit 0: write (read-modify-write too); bit 1: a stack reference; bit 2: no byte is read

  uint8_t faultVector;
  uint8_t faultHasError;
  uint16_t faultLength;        // bytes of INT n, INT3, INTO: a fault of theirs is at their own RIP
  uint32_t faultError;

  uint64_t generation;         // of FetchPointers; advances when any fetch translation is dropped
  uint64_t codeBase;           // CS's base; 0 in 64-bit mode
  uint64_t mode;               // Mode…: what decides how bytes are decoded, the low byte of a block's key
  void *_Nullable owner;       // the Processor

  uint64_t cr0, cr2, cr3, cr4, cr8;
  uint64_t efer;
  uint64_t dr[8];
  SegmentRegister segments[6]; // ES CS SS DS FS GS
  SegmentRegister ldtr, tr;
  DescriptorTableRegister gdtr, idtr;
  uint64_t tscOffset;          // TSC = cycles + offset
  uint64_t kernelGSBase;
  uint64_t star, lstar, cstar, fmask;
  uint64_t sysenterCS, sysenterESP, sysenterEIP;
  uint32_t activity;           // 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI, as in the VMCS
  uint32_t interruptShadow;    // 1 after STI, 2 after MOV SS or POP SS
  uint64_t tscAux;             // IA32_TSC_AUX
  uint64_t random;             // state of the generator behind RDRAND and RDSEED
  uint64_t pointers[4];        // the PDPTE registers of PAE paging
  uint32_t userKeys;           // PKRU
  uint32_t supervisorKeys;     // IA32_PKRS
  uint32_t debugMatches;       // bits of DR6 that the running instruction has met; reported when it is done
  uint32_t isRepeating;        // RIP is that of a repeated string instruction some of whose iterations are done
  uint64_t intercepts;         // Intercepts: what VMX is asked about; 0 outside non-root operation
  uint64_t faultAddress;       // linear address of a page fault that is not delivered yet
  uint64_t *_Nullable vmcsFields;   // of the current VMCS, while VMREAD and VMWRITE need nothing else; or null
  const VMCSPlace *_Nullable vmcsPlaces;   // by the bits of an encoding, where its field lies
  uint64_t vmcsCycles;         // cycles of VMREAD and VMWRITE beyond their class's
  uint64_t fetchContext;       // number of the context that instructions are fetched in, which several contexts may share
};

enum {
  OffsetZero = 128,
  OffsetRIP = 136,
  OffsetLinear = 144,
  OffsetSegments = offsetof(ProcessorState, segments),
  OffsetDebug = offsetof(ProcessorState, dr),
  HostPointerCount = 1024,
  FetchPointerCount = 4096,
  HostPointersOffset = 1024,   // from the start of the state, in the same allocation
  FetchPointersOffset = HostPointersOffset + HostPointerCount * 32,
  BounceOffset = FetchPointersOffset + FetchPointerCount * 32,   // where accesses that no host pointer serves are staged
  BounceSize = 64,
  VectorStateOffset = BounceOffset + BounceSize,
  FPURegistersOffset = VectorStateOffset + 16 * 64,
  SaveAreaSize = 576,          // legacy region and header of an XSAVE area
  SaveAreaOffset = VectorStateOffset + 16 * 64 + 256,   // where FXSAVE, XSAVE and their like are staged
  VectorStateHashed = offsetof(VectorState, sseFault),
  FetchGenerationCount = 256,
  FetchGenerationsOffset = SaveAreaOffset + SaveAreaSize,   // by a hash of linear pages, how often their fetch pointers lapsed
  StateAllocation = FetchGenerationsOffset + FetchGenerationCount * 8,
};

_Static_assert(sizeof(DecodedOp) == 32, "a decoded op is half a cache line");
_Static_assert(sizeof(BlockLinks) == 32, "links lie in an op's slot");
_Static_assert(sizeof(DecodedBlock) == 64, "a block's header is one cache line");
_Static_assert(sizeof(HostPointer) == 32 && sizeof(FetchPointer) == 32, "indexed by a shift");
_Static_assert(offsetof(ProcessorState, zero) == OffsetZero, "register operands are offsets");
_Static_assert(offsetof(ProcessorState, rip) == OffsetRIP, "register operands are offsets");
_Static_assert(VectorStateOffset % 64 == 0, "vector registers are aligned");
_Static_assert(sizeof(VectorRegister) == 64 && offsetof(VectorState, vector) == 0, "register operands are number * 8");
_Static_assert(offsetof(VectorState, fpu) == FPURegistersOffset - VectorStateOffset, "register operands are number * 8");
_Static_assert(VectorStateOffset + sizeof(VectorState) <= SaveAreaOffset, "the save area lies behind the vector state");
_Static_assert(offsetof(ProcessorState, linear) == OffsetLinear, "register operands are offsets");
_Static_assert(sizeof(ProcessorState) <= HostPointersOffset, "the caches lie behind the state");

#endif
