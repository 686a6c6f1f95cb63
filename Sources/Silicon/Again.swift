import Opcodes
import SiliconNative

/// One case, run by another child and another machine, and told in full.
struct Again {
  let verdict: Verdict
  private let number: Int
  private let seed: UInt64
  let plan: [PlannedInstruction]
  private let generator: Generator
  private let before: [UInt64]
  private let after: [UInt64]
  private let code: [UInt8]
  private let patches: [String]
  private let vectors: String?
  private let bases: String?

  /// - Parameters:
  ///   - native: a host of its own, for nothing else.
  ///   - emulated: a machine of its own, for nothing else.
  ///   - without: instructions of the case that are replaced by NOPs.
  init(
    _ number: Int, _ options: CampaignOptions, _ generator: Generator, _ native: NativeHost, _ emulated: EmulatedHost,
    without: Set<Int> = []
  ) throws {
    self.generator = generator
    self.number = number
    seed = options.seed
    let batch = native.batch(0)
    let index = number % Places.batchSize
    let it = silicon_case(batch, UInt32(index))
    let image = silicon_image(batch)
    generator.fillImage(image, batch: number / Places.batchSize)
    let whole = generator.make(number, into: it, image: image)
    for dropped in without {
      (silicon_code(it) + whole[dropped].start).update(repeating: 0x90, count: whole[dropped].length)
    }
    plan = whole.enumerated().filter { !without.contains($0.offset) }.map(\.element)
    batch.pointee.first = UInt32(index)
    batch.pointee.count = UInt32(index + 1)
    try native.start(0)
    try native.wait()
    let result = silicon_result(batch, UInt32(index))
    options.tamper?(number, result)
    emulated.load(image: image)
    var out = [UInt64](repeating: 0, count: 18)
    let comparison = Comparison(plan: plan, index: index, it: it, batch: batch, emulated: emulated)
    let words = UnsafeMutableRawPointer(it).assumingMemoryBound(to: UInt64.self)
    before = Array(UnsafeBufferPointer(start: words, count: 18))
    verdict = out.withUnsafeMutableBufferPointer { buffer in
      guard let room = buffer.baseAddress else { return .same }
      return comparison.verdict(emulated.run(it, index: index, out: room), room)
    }
    after = out
    vectors = it.pointee.usesVectors == 0 ? nil : Again.vectorText(silicon_case_vectors(it))
    bases =
      it.pointee.usesBases == 0 ? nil : "FS \(hex(it.pointee.fsBase)), GS \(hex(it.pointee.gsBase))"
    let start = plan.first?.start ?? 0
    let end = plan.last.map { $0.start + $0.length } ?? 0
    code = Array(UnsafeBufferPointer(start: silicon_code(it) + start, count: end - start))
    patches = (0..<UInt32(it.pointee.patchCount)).map { number in
      let patch = silicon_patch(it, number)
      let bytes = UnsafeBufferPointer(start: silicon_patch_bytes(patch), count: Int(patch.pointee.length))
      return "\(hex(Places.data + UInt64(patch.pointee.offset))): \(text(bytes))"
    }
  }

  /// The case and its differences for people.
  func lines(_ differences: [FieldDifference]) -> [String] {
    var lines = ["case \(number) of seed \(seed): \(text(code)) at \(hex(before[17]))"]
    for instruction in plan {
      let opcode = generator.knowledge.encodings[instruction.encoding].opcode
      let start = instruction.start - (plan.first?.start ?? 0)
      lines.append(
        "  \(text(code[start..<start + instruction.length])): \(opcode.mnemonic) \(opcode.encoding), "
          + "operand size \(instruction.width), \(opcode.section)")
    }
    lines.append("  registers: " + registers(before))
    if let vectors { lines.append("  vectors: " + vectors) }
    if let bases { lines.append("  bases: " + bases) }
    if !patches.isEmpty { lines.append("  data: " + patches.joined(separator: "; ")) }
    for difference in differences {
      lines.append("  \(difference.field): silicon \(difference.silicon), ours \(difference.ours)")
    }
    return lines
  }

  private static func vectorText(_ registers: UnsafeMutablePointer<SiliconVectorRegisters>) -> String {
    let mmx = (0..<8).map { "MM\($0) \(hex(silicon_mmx(registers)[$0]))" }
    let xmm = (0..<Int(SiliconVectors)).map { number in
      let words = silicon_vectors(registers) + 8 * number
      return "XMM\(number) \(hex(words[1])):\(hex(words[0]))"
    }
    let control =
      "MXCSR \(hex(UInt64(registers.pointee.mxcsr))), FPU status \(hex(UInt64(registers.pointee.fpuStatus)))"
    return (mmx + xmm + [control]).joined(separator: ", ")
  }

  private func registers(_ words: [UInt64]) -> String {
    let general = (0..<16).map { "\(registerNames[$0]) \(hex(words[$0]))" }.joined(separator: ", ")
    return general + ", flags \(FlagLetters.names(words[16]))"
  }
}

/// Bytes as the manual writes them.
private func text(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
}
