import CPU
import Monitor

/// A processor's registers at a moment: what a trace compares.
struct RegisterSnapshot {
  private static let names: [String] =
    GeneralRegister.allCases.map { "\($0)".uppercased() }
    + ["RFLAGS", "CR0", "CR2", "CR3", "CR4", "EFER", "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"]
    + ["FS.base", "GS.base", "GDTR.base", "IDTR.base"]
    + (0..<16).map { "XMM\($0)" } + ["MXCSR"] + (0..<8).map { "R\($0)" } + ["FCW", "FSW"]

  /// Low and high halves; general registers have no high one.
  private var values: [SIMD2<UInt64>] = []

  /// The registers of a processor between two instructions.
  init(_ processor: Processor) {
    let state = processor.state
    values.reserveCapacity(RegisterSnapshot.names.count)
    let s = state.pointee
    withUnsafeBytes(of: s.gpr) { for value in $0.bindMemory(to: UInt64.self) { values.append(SIMD2(value, 0)) } }
    for value in [state.rflags, s.cr0, s.cr2, s.cr3, s.cr4, s.efer] { values.append(SIMD2(value, 0)) }
    let (es, cs, ss, ds, fs, gs) = s.segments
    for segment in [es, cs, ss, ds, fs, gs, s.ldtr, s.tr] { values.append(SIMD2(UInt64(segment.selector), 0)) }
    for base in [fs.base, gs.base, s.gdtr.base, s.idtr.base] { values.append(SIMD2(base, 0)) }
    let vectors = state.vectors
    withUnsafeBytes(of: &vectors.pointee.vector) { raw in
      for number in 0..<16 {
        values.append(raw.loadUnaligned(fromByteOffset: number * (raw.count / 16), as: SIMD2<UInt64>.self))
      }
    }
    values.append(SIMD2(UInt64(vectors.pointee.mxcsr), 0))
    withUnsafeBytes(of: &vectors.pointee.fpu) { raw in
      for number in 0..<8 {
        values.append(raw.loadUnaligned(fromByteOffset: number * (raw.count / 8), as: SIMD2<UInt64>.self))
      }
    }
    for word in [vectors.pointee.fpuControl, vectors.pointee.fpuStatus] { values.append(SIMD2(UInt64(word), 0)) }
  }

  /// The registers that differ from an earlier moment's, with their values: `RAX=1 RFLAGS=46`.
  func changes(since old: RegisterSnapshot) -> String {
    var changes: [String] = []
    for (index, name) in RegisterSnapshot.names.enumerated() where values[index] != old.values[index] {
      let value = values[index]
      let high = value.y == 0 ? "" : Hexadecimal.text(value.y)
      changes.append("\(name)=\(high)\(Hexadecimal.text(value.x, digits: high.isEmpty ? 1 : 16))")
    }
    return changes.joined(separator: " ")
  }
}
