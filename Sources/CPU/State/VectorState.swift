import Layout
import MMU
import Opcodes

/// MXCSR (SDM Vol. 1, "MXCSR Control and Status Register").
enum MXCSR {
  static let initial: UInt32 = 0x1F80
  /// The bits that are not reserved, as MXCSR_MASK shows them.
  static let mask: UInt32 = 0xFFFF
}

/// The x87 control word (SDM Vol. 1, "x87 FPU Control Word").
enum FPUControl {
  static let initial: UInt16 = 0x037F
  static let atReset: UInt16 = 0x0040
  static let exceptionMasks: UInt16 = 0x3F
  /// What is kept of a value loaded; bit 6 reads as 1.
  static func loaded(_ value: UInt16) -> UInt16 { value & 0x1F3F | 0x40 }
}

/// The x87 status word (SDM Vol. 1, "x87 FPU Status Register").
enum FPUStatus {
  static let exceptions: UInt16 = 0x3F
  static let stackFault: UInt16 = 1 << 6
  static let errorSummary: UInt16 = 1 << 7
  static let top: UInt16 = 7 << 11
  static let busy: UInt16 = 1 << 15
}

extension UnsafeMutablePointer where Pointee == ProcessorState {
  /// State of x87, MMX and SSE.
  public var vectors: UnsafeMutablePointer<VectorState> {
    @inline(__always) get { (raw + VectorStateOffset).assumingMemoryBound(to: VectorState.self) }
  }

  /// The vector state's architectural bytes.
  var vectorStateBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: raw + VectorStateOffset, count: VectorStateHashed)
  }

  /// An XMM register.
  public subscript(xmm number: Int) -> SIMD2<UInt64> {
    get { raw.load(fromByteOffset: VectorStateOffset + (number & 15) * 64, as: SIMD2<UInt64>.self) }
    nonmutating set {
      raw.storeBytes(of: newValue, toByteOffset: VectorStateOffset + (number & 15) * 64, as: SIMD2<UInt64>.self)
    }
  }

  /// An x87 data register, not relative to TOP: its significand is the MMX register of that number.
  public subscript(fpu number: Int) -> FPURegister {
    get { raw.load(fromByteOffset: FPURegistersOffset + (number & 7) * 16, as: FPURegister.self) }
    nonmutating set {
      raw.storeBytes(of: newValue, toByteOffset: FPURegistersOffset + (number & 7) * 16, as: FPURegister.self)
    }
  }

  /// The state after power-up or reset (SDM Vol. 3, "Processor State After Reset").
  func resetVectorState() {
    vectors.initialize(to: VectorState())
    vectors.pointee.fpuControl = FPUControl.atReset
    vectors.pointee.fpuFull = 0xFF
    vectors.pointee.mxcsr = MXCSR.initial
    vectors.pointee.xcr0 = 1
    vectorControlsChanged()
  }

  /// The state after FNINIT, without the data registers.
  func initializeFPU() {
    vectors.pointee.fpuControl = FPUControl.initial
    vectors.pointee.fpuStatus = 0
    vectors.pointee.fpuFull = 0
    vectors.pointee.fpuOpcode = 0
    vectors.pointee.fpuInstruction = 0
    vectors.pointee.fpuData = 0
    vectors.pointee.fpuCodeSelector = 0
    vectors.pointee.fpuDataSelector = 0
    vectorControlsChanged()
  }

  /// Sets the summary bits of the status word to whether an exception is pending that is not masked.
  func summarizeFPUErrors() {
    let pending = vectors.pointee.fpuStatus & FPUStatus.exceptions & ~vectors.pointee.fpuControl
    let summary = FPUStatus.errorSummary | FPUStatus.busy
    vectors.pointee.fpuStatus &= ~summary
    if pending != 0 { vectors.pointee.fpuStatus |= summary }
    vectorControlsChanged()
  }

  /// What an instruction of a unit (`Opcode.Unit`) raises, whatever its operands are; or 0.
  func fault(ofUnit unit: UInt8) -> UInt8 {
    switch Opcode.Unit(rawValue: unit) {
    case .sse: return vectors.pointee.sseFault
    case .mmx: return vectors.pointee.mmxFault
    case .x87: return vectors.pointee.fpuFault
    case .waiting:
      let isPending = vectors.pointee.fpuStatus & FPUStatus.errorSummary != 0
      return vectors.pointee.fpuFault != 0
        ? vectors.pointee.fpuFault : isPending ? Vector.x87FloatingPoint.rawValue : 0
    case .fxsave:
      if pointee.cr0 & CR0.emulation != 0 { return Vector.invalidOpcode.rawValue }
      return pointee.cr0 & CR0.taskSwitched != 0 ? Vector.deviceNotAvailable.rawValue : 0
    case .xsave:
      if pointee.cr4 & CR4.osXSAVE == 0 { return Vector.invalidOpcode.rawValue }
      return pointee.cr0 & CR0.taskSwitched != 0 ? Vector.deviceNotAvailable.rawValue : 0
    case .general, nil: return 0
    }
  }

  /// Works out anew which exceptions MMX, SSE and x87 instructions raise: after every change of CR0, CR4 or the x87
  /// status word (SDM Vol. 3, "System Programming for Instruction Set Extensions and Processor Extended States").
  package func vectorControlsChanged() {
    let isEmulated = pointee.cr0 & CR0.emulation != 0
    let isSwitched = pointee.cr0 & CR0.taskSwitched != 0
    let notAvailable = Vector.deviceNotAvailable.rawValue
    let undefined = Vector.invalidOpcode.rawValue
    let isPending = vectors.pointee.fpuStatus & FPUStatus.errorSummary != 0
    let enabled = isSwitched ? notAvailable : 0
    vectors.pointee.sseFault = isEmulated || pointee.cr4 & CR4.osFXSR == 0 ? undefined : enabled
    vectors.pointee.mmxFault =
      isEmulated ? undefined : isSwitched ? notAvailable : isPending ? Vector.x87FloatingPoint.rawValue : 0
    vectors.pointee.fpuFault = isEmulated || isSwitched ? notAvailable : 0
  }
}
