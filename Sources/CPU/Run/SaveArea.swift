import Layout

/// The bytes that FXSAVE and XSAVE write (SDM Vol. 1, "XSAVE Area"; Vol. 2A, "FXSAVE—Save x87 FPU, MMX Technology, and
/// SSE State"): the legacy region of 512 bytes and, of XSAVE, a header of 64.
struct SaveArea {
  /// Bytes of FXSAVE's area, and of one of XSAVE as far as x87 and SSE need it.
  static let legacySize = 512
  static let size = Int(SaveAreaSize)
  /// XCOMP_BV: the area has the compacted form.
  static let isCompacted: UInt64 = 1 << 63

  /// Offsets of its fields.
  private enum Field {
    static let control = 0
    static let status = 2
    static let full = 4
    static let opcode = 6
    static let instruction = 8
    static let codeSelector = 12
    static let data = 16
    static let dataSelector = 20
    static let mxcsr = 24
    static let mxcsrMask = 28
    static let fpu = 32
    static let xmm = 160
    static let header = 512
  }

  let base: UnsafeMutableRawPointer

  private func load<T: BitwiseCopyable>(_ offset: Int, as: T.Type) -> T {
    base.loadUnaligned(fromByteOffset: offset, as: T.self)
  }
  private func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
    base.storeBytes(of: value, toByteOffset: offset, as: T.self)
  }

  // MARK: x87

  /// - Parameter isWide: pointers of 64 bits without selectors, as REX.W asks for.
  func storeFPU(_ s: State, isWide: Bool) {
    let state = s.vectors.pointee
    store(state.fpuControl, at: Field.control)
    store(state.fpuStatus, at: Field.status)
    store(UInt16(state.fpuFull), at: Field.full)
    store(state.fpuOpcode, at: Field.opcode)
    store(state.fpuInstruction, at: Field.instruction)
    store(state.fpuData, at: Field.data)
    if !isWide {
      store(UInt32(state.fpuCodeSelector), at: Field.codeSelector)
      store(UInt32(state.fpuDataSelector), at: Field.dataSelector)
    }
    let top = Int(state.fpuStatus >> 11 & 7)
    for index in 0..<8 { store(s[fpu: top + index], at: Field.fpu + index * 16) }
  }

  func loadFPU(_ s: State, isWide: Bool) {
    let status = load(Field.status, as: UInt16.self)
    s.vectors.pointee.fpuControl = FPUControl.loaded(load(Field.control, as: UInt16.self))
    s.vectors.pointee.fpuStatus = status
    s.vectors.pointee.fpuFull = load(Field.full, as: UInt8.self)
    s.vectors.pointee.fpuOpcode = load(Field.opcode, as: UInt16.self) & 0x7FF
    if isWide {
      s.vectors.pointee.fpuInstruction = load(Field.instruction, as: UInt64.self)
      s.vectors.pointee.fpuData = load(Field.data, as: UInt64.self)
    } else {
      s.vectors.pointee.fpuInstruction = UInt64(load(Field.instruction, as: UInt32.self))
      s.vectors.pointee.fpuData = UInt64(load(Field.data, as: UInt32.self))
    }
    s.vectors.pointee.fpuCodeSelector = isWide ? 0 : load(Field.codeSelector, as: UInt16.self)
    s.vectors.pointee.fpuDataSelector = isWide ? 0 : load(Field.dataSelector, as: UInt16.self)
    let top = Int(status >> 11 & 7)
    for index in 0..<8 {
      var register = load(Field.fpu + index * 16, as: FPURegister.self)
      register.signAndExponent &= 0xFFFF
      s[fpu: top + index] = register
    }
    s.summarizeFPUErrors()
  }

  // MARK: SSE

  func storeXMM(_ s: State, count: Int) {
    for number in 0..<count { store(s[xmm: number], at: Field.xmm + number * 16) }
  }

  func loadXMM(_ s: State, count: Int) {
    for number in 0..<count { s[xmm: number] = load(Field.xmm + number * 16, as: SIMD2<UInt64>.self) }
  }

  func storeMXCSR(_ s: State) {
    store(s.vectors.pointee.mxcsr, at: Field.mxcsr)
    store(MXCSR.mask, at: Field.mxcsrMask)
  }

  var mxcsr: UInt32 { load(Field.mxcsr, as: UInt32.self) }

  // MARK: The header

  /// XSTATE_BV: components that the area holds.
  var components: UInt64 {
    get { load(Field.header, as: UInt64.self) }
    nonmutating set { store(newValue, at: Field.header) }
  }

  /// XCOMP_BV: the area's form, and the components it has room for.
  var format: UInt64 {
    get { load(Field.header + 8, as: UInt64.self) }
    nonmutating set { store(newValue, at: Field.header + 8) }
  }

  /// Whether bytes of the header, from one up to another, are all zero.
  func headerIsZero(_ range: Range<Int>) -> Bool {
    range.allSatisfy { load(Field.header + $0, as: UInt8.self) == 0 }
  }
}
