import CPU
import SiliconNative

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A difference in one field.
public struct FieldDifference: Sendable {
  /// Its name: a register, a flag, "data 123h".
  public let field: String
  /// What the host's processor has.
  public let silicon: String
  /// What ours has.
  public let ours: String

  package init(field: String, silicon: String, ours: String) {
    self.field = field
    self.silicon = silicon
    self.ours = ours
  }
}

/// What the comparison of a case gives.
enum Verdict {
  case same
  case different([FieldDifference])
  /// Ours does not have the instruction.
  case refused(Refusal)
  /// The host changed more data than there was room for.
  case skipped
}

/// Compares one side's outcome of a case with the other's, and leaves both sides' data as the image has them.
struct Comparison {
  let plan: [PlannedInstruction]
  let index: Int
  let it: UnsafeMutablePointer<SiliconCase>
  let batch: UnsafeMutablePointer<SiliconBatch>
  let emulated: EmulatedHost

  /// RFLAGS bits that mean the same on both sides: the arithmetic flags, DF, NT and ID. IF and IOPL are the system's, and RF
  /// is set when an exception is reported.
  private static let comparedFlags: UInt64 = 0x20_4CD5

  /// - Parameter out: ours, 18 words.
  func verdict(_ ending: Ending, _ out: UnsafeMutablePointer<UInt64>) -> Verdict {
    let result = silicon_result(batch, UInt32(index))
    defer { putBack(result) }
    if case .refused(let refusal) = ending { return .refused(refusal) }
    switch Int(result.pointee.status) {
    case SiliconTooMuch: return .skipped
    case SiliconLanded, SiliconFaulted: break
    default: return .different([FieldDifference(field: "end", silicon: "the child died", ours: "\(ending)")])
    }
    let native = UnsafeMutableRawPointer(result).assumingMemoryBound(to: UInt64.self)
    let isFault = Int(result.pointee.status) == SiliconFaulted
    let done = isFault ? instructionsDone(result.pointee.out.rip) : plan.count
    let isResultUndefined = plan.prefix(done).contains { $0.isResultUndefined }
    let undefined = plan.prefix(done).reduce(0) { $0 | $1.undefined }
    let flags = Comparison.comparedFlags & ~undefined
    let isSameEnd = ends(result, ending)
    if isSameEnd && isResultUndefined { return .same }
    var isSame = isSameEnd && memcmp(native, out, 16 * 8) == 0 && (native[16] ^ out[16]) & flags == 0
    isSame = (it.pointee.usesVectors == 0 || sameVectors(result)) && isSame
    isSame = sameData(result, ending, out[4]) && isSame
    if isSame { return .same }
    return .different(differences(result, ending, native, out, flags, isSameEnd: isSameEnd))
  }

  /// How many instructions came before the one at RIP; where that is elsewhere, all are done.
  private func instructionsDone(_ rip: UInt64) -> Int {
    plan.firstIndex { Places.slot(index) + UInt64($0.start) == rip } ?? plan.count
  }

  // MARK: The end

  /// U/S of a page fault's error code: the child is a user, ours is not.
  private static let user: UInt32 = 4

  private func ends(_ result: UnsafeMutablePointer<SiliconResult>, _ ending: Ending) -> Bool {
    let it = result.pointee
    let isFault = Int(it.status) == SiliconFaulted
    switch ending {
    case .landed(let rip): return !isFault && rip == it.out.rip
    case .faulted(let vector, let error, let cr2, let rip):
      guard isFault && vector == it.vector && rip == it.out.rip else { return false }
      guard vector == 14 else { return error == it.error }
      // Linux tells no user what is mapped in its own half.
      let hidden = cr2 >> 47 != 0 ? Comparison.user | 1 : Comparison.user
      return cr2 == it.cr2 && (error ^ it.error) & ~hidden == 0
    case .undelivered: return isFault
    case .refused, .astray: return false
    }
  }

  // MARK: Vector registers

  private func sameVectors(_ result: UnsafeMutablePointer<SiliconResult>) -> Bool {
    memcmp(silicon_result_vectors(result), emulated.vectors, MemoryLayout<SiliconVectorRegisters>.size) == 0
  }

  private func vectorDifferences(_ result: UnsafeMutablePointer<SiliconResult>) -> [FieldDifference] {
    let theirs = silicon_result_vectors(result)
    let ours = emulated.vectors
    var list: [FieldDifference] = []
    func compare(_ name: String, _ theirs: [UInt64], _ ours: [UInt64]) {
      guard theirs != ours else { return }
      let text = [theirs, ours].map { $0.reversed().map { hex($0) }.joined(separator: ":") }
      list.append(FieldDifference(field: name, silicon: text[0], ours: text[1]))
    }
    for number in 0..<8 {
      compare("MM\(number)", [silicon_mmx(theirs)[number]], [silicon_mmx(ours)[number]])
      let exponents = [theirs, ours].map { UInt64(silicon_exponents($0)[number]) }
      compare("exponent of ST\(number)", [exponents[0]], [exponents[1]])
    }
    for number in 0..<Int(SiliconVectors) {
      let words = [theirs, ours].map { registers in (0..<2).map { silicon_vectors(registers)[8 * number + $0] } }
      compare("XMM\(number)", words[0], words[1])
    }
    compare("MXCSR", [UInt64(theirs.pointee.mxcsr)], [UInt64(ours.pointee.mxcsr)])
    compare("FPU status", [UInt64(theirs.pointee.fpuStatus)], [UInt64(ours.pointee.fpuStatus)])
    compare("FPU tags", [UInt64(theirs.pointee.fpuFull)], [UInt64(ours.pointee.fpuFull)])
    return list
  }

  // MARK: Data

  /// Whether our data are the host's: the image, with the lines that the host gave back.
  private func sameData(_ result: UnsafeMutablePointer<SiliconResult>, _ ending: Ending, _ rsp: UInt64) -> Bool {
    let image = silicon_image(batch)
    withNativeLines(result, putIn: true)
    defer { withNativeLines(result, putIn: false) }
    if let frame = frame(ending, rsp) { emulated.restore(image: image, offset: frame.offset, bytes: frame.bytes) }
    return memcmp(image, emulated.data, Int(Places.dataBytes)) == 0
  }

  /// Data that the delivery of an exception has written on our side, where it has no stack of its own.
  private func frame(_ ending: Ending, _ rsp: UInt64) -> (offset: Int, bytes: Int)? {
    switch ending {
    case .faulted(let vector, _, _, _): emulated.frame(vector: vector, rsp: rsp)
    // A part of it, and of the double fault's.
    case .undelivered: emulated.frame(vector: 8, rsp: rsp)
    case .landed, .refused, .astray: nil
    }
  }

  /// Exchanges the lines that the host changed for those of the image, or back.
  private func withNativeLines(_ result: UnsafeMutablePointer<SiliconResult>, putIn: Bool) {
    let image = silicon_image(batch)
    let first = result.pointee.firstLine
    for number in first..<first + UInt32(result.pointee.lineCount) {
      let line = silicon_line(batch, number)
      let bytes = silicon_line_bytes(line)
      let place = image + Int(line.pointee.index) * Places.lineSize
      for offset in 0..<Places.lineSize { swap(&bytes[offset], &place[offset]) }
    }
  }

  /// Puts the image back into our data.
  private func putBack(_ result: UnsafeMutablePointer<SiliconResult>) {
    let image = silicon_image(batch)
    let first = result.pointee.firstLine
    for number in first..<first + UInt32(result.pointee.lineCount) {
      let line = silicon_line(batch, number)
      emulated.restore(image: image, offset: Int(line.pointee.index) * Places.lineSize, bytes: Places.lineSize)
    }
    if memcmp(image, emulated.data, Int(Places.dataBytes)) != 0 { emulated.load(image: image) }
  }

  // MARK: In words

  private func differences(
    _ result: UnsafeMutablePointer<SiliconResult>, _ ending: Ending, _ native: UnsafeMutablePointer<UInt64>,
    _ out: UnsafeMutablePointer<UInt64>, _ flags: UInt64, isSameEnd: Bool
  ) -> [FieldDifference] {
    var list: [FieldDifference] = []
    if !isSameEnd {
      list.append(FieldDifference(field: "end", silicon: describe(result), ours: describe(ending)))
    }
    for register in 0..<16 where native[register] != out[register] {
      list.append(
        FieldDifference(field: registerNames[register], silicon: hex(native[register]), ours: hex(out[register])))
    }
    let wrong = (native[16] ^ out[16]) & flags
    if wrong != 0 {
      list.append(
        FieldDifference(
          field: "flags \(FlagLetters.names(wrong))", silicon: FlagLetters.names(native[16] & wrong),
          ours: FlagLetters.names(out[16] & wrong)))
    }
    if it.pointee.usesVectors != 0 { list += vectorDifferences(result) }
    withNativeLines(result, putIn: true)
    defer { withNativeLines(result, putIn: false) }
    let image = silicon_image(batch)
    var reported = 0
    for offset in 0..<Int(Places.dataBytes) where image[offset] != emulated.data[offset] && reported < 4 {
      list.append(
        FieldDifference(
          field: "data \(hex(Places.data + UInt64(offset)))", silicon: hex(UInt64(image[offset])),
          ours: hex(UInt64(emulated.data[offset]))))
      reported += 1
    }
    return list
  }

  private func describe(_ result: UnsafeMutablePointer<SiliconResult>) -> String {
    let it = result.pointee
    guard Int(it.status) == SiliconFaulted else { return "went on at \(place(it.out.rip))" }
    return describeFault(it.vector, it.error, it.cr2, it.out.rip)
  }

  private func describe(_ ending: Ending) -> String {
    switch ending {
    case .landed(let rip): "went on at \(place(rip))"
    case .faulted(let vector, let error, let cr2, let rip): describeFault(vector, error, cr2, rip)
    case .undelivered: "an exception without a stack"
    case .refused(let refusal): refusal.description
    case .astray(let text): text
    }
  }

  private func describeFault(_ vector: UInt8, _ error: UInt32, _ cr2: UInt64, _ rip: UInt64) -> String {
    let names = ["DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9", "TS", "NP", "SS", "GP", "PF", "15", "MF"]
    let name = Int(vector) < names.count ? "#" + names[Int(vector)] : "#\(vector)"
    return "\(name)(\(hex(UInt64(error))))\(vector == 14 ? " CR2 \(hex(cr2))" : "") at \(place(rip))"
  }

  /// An address, as an offset from the first instruction where it lies in the slot.
  private func place(_ rip: UInt64) -> String {
    let slot = Places.slot(index)
    guard rip >= slot && rip < slot + UInt64(Places.slotSize), let first = plan.first else { return hex(rip) }
    let offset = Int(rip - slot) - first.start
    return offset < 0 ? "code-\(-offset)" : "code+\(offset)"
  }
}

/// A number as the manual writes it.
package func hex(_ value: UInt64) -> String { String(value, radix: 16, uppercase: true) + "h" }
