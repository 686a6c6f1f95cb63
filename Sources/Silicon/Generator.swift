import Opcodes
import SiliconNative

/// Makes the cases of a campaign: the same seed, number and opcode table give the same case.
struct Generator {
  let knowledge: Knowledge
  let seed: UInt64

  /// Fills a batch's image of the data: corners and random numbers, by the batch's number.
  func fillImage(_ image: UnsafeMutablePointer<UInt8>, batch: Int) {
    var random = Randomness(seed: ~seed, stream: UInt64(batch))
    let words = UnsafeMutableRawPointer(image)
    for offset in stride(from: 0, to: Int(Places.dataBytes), by: 8) {
      let value = offset & 8 == 0 ? random.value() : random.lanes()
      words.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    }
  }

  /// Writes a case and says what its instructions are.
  func make(
    _ number: Int, into it: UnsafeMutablePointer<SiliconCase>, image: UnsafeMutablePointer<UInt8>
  ) -> [PlannedInstruction] {
    let random = Randomness(seed: seed, stream: UInt64(number))
    var draft = Draft(it, image: image, index: number % Places.batchSize, random: random)
    let wanted = draft.random.once(in: 2) ? 1 : 2 + draft.random.below(3)
    draft.isSequence = wanted > 1
    var plan: [PlannedInstruction] = []
    var undefined: UInt64 = 0
    while plan.count < wanted {
      let isLast = plan.count == wanted - 1
      guard let choice = choose(&draft, isFirst: plan.isEmpty, isLast: isLast, undefined) else { break }
      let encoding = knowledge.encodings[choice]
      let instruction = draft.write(encoding, number: choice)
      plan.append(instruction)
      undefined |= instruction.undefined
      draft.isFirst = false
      if !encoding.mayLead { break }
    }
    silicon_landings(it)[0] = UInt8(draft.cursor)
    return plan
  }

  /// A row that may stand at a place; nil: none was found.
  private func choose(_ draft: inout Draft, isFirst: Bool, isLast: Bool, _ undefined: UInt64) -> Int? {
    for _ in 0..<12 {
      let choice = draft.random.below(knowledge.encodings.count)
      let encoding = knowledge.encodings[choice]
      guard isFirst || encoding.mayFollow else { continue }
      guard isLast || encoding.mayLead else { continue }
      // A condition's own flags are known only with the opcode's low bits: here, any condition.
      let read = encoding.readsCondition ? FlagLetters.arithmeticButAdjust : encoding.reads
      guard read & undefined == 0 else { continue }
      return choice
    }
    return isFirst ? draft.random.below(knowledge.encodings.count) : nil
  }
}

extension FlagLetters {
  /// What conditions are made of.
  static let arithmeticButAdjust = carry | parity | zero | sign | overflow
}
