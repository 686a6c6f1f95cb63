import EPTTLB
import Foundation
import Guests
import Machine
import Testing

/// How a machine's own caches are set; results must not depend on it.
struct CacheSettings: CustomTestStringConvertible, Sendable {
  var blockLimit = 32
  var usesHostPointers = true
  var processors = 1
  var quantum = BoardOptions.defaultQuantum

  static let all: [CacheSettings] = [1, 2, 3, 32].flatMap { limit in
    [true, false].map { CacheSettings(blockLimit: limit, usesHostPointers: $0) }
  }

  var testDescription: String { "blocks of \(blockLimit), host pointers \(usesHostPointers ? "on" : "off")" }
}

/// What a run left behind.
struct Outcome: Equatable {
  var end: RunEnd
  var hash: String
  var instructions: UInt64
  var cycles: UInt64
  var serial: String
}

/// Runs a flat image to its end, in slices when asked: each slice adds a number of cycles to the deadline.
func outcome(
  of image: [UInt8], _ settings: CacheSettings = CacheSettings(), memory: UInt64 = 16 << 20,
  limits: RunLimits = RunLimits(), slice: (() -> UInt64)? = nil, budget: Int = RetentionPolicy.defaultBudget,
  policy: RetentionPolicy? = nil, timing: String = "unit", commandLine: String? = nil
) throws -> Outcome {
  final class Text { var bytes: [UInt8] = [] }
  let text = Text()
  var options = BoardOptions()
  options.memory = memory
  options.blockLimit = settings.blockLimit
  options.usesHostPointers = settings.usesHostPointers
  options.processors = settings.processors
  options.quantum = settings.quantum
  options.policy = policy ?? .retain(budget: budget)
  options.timing = timing
  let board = try Board(options) { byte in
    text.bytes.append(byte)
    return false
  }
  try FlatImage.load(image, commandLine: commandLine, into: board)
  var end: RunEnd
  if let slice {
    var deadline: UInt64 = 0
    repeat {
      deadline += slice()
      var part = limits
      part.cycles = min(deadline, limits.cycles ?? .max)
      end = board.run(part)
      for processor in board.processors { #expect(processor.translation.checkInvariants() == nil) }
    } while end == .cycleLimit && deadline < limits.cycles ?? .max
  } else {
    end = board.run(limits)
    for processor in board.processors { #expect(processor.translation.checkInvariants() == nil) }
  }
  let state = board.processor.state.pointee
  return Outcome(
    end: end, hash: board.hash(), instructions: state.instructions, cycles: state.cycles,
    serial: String(decoding: text.bytes, as: UTF8.self))
}

/// A shipped guest.
func guest(_ name: String) throws -> Guest {
  try #require(try Guest.all().first { $0.name == name })
}

/// A small, well-known generator: the same numbers everywhere.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
