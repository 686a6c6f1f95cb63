import ArgumentParser
import Foundation
import Fuzz

/// Runs random and mutated instructions in every mode; a crash or a hang names the case.
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Execute random bytes and mutated instructions in every mode, and hash what they leave.")

  @Option(help: "How many cases.")
  var cases = 1_000_000
  @Option(help: "What the cases are made from.")
  var seed: UInt64 = 1
  @Option(name: .customLong("case"), help: "Just this case of the seed, explained.")
  var number: Int?
  @Option(help: "Number of the first one.")
  var first = 0
  @Option(help: "Instructions a block holds at most, 1 to 32.")
  var blockLimit = 32
  @Flag(help: "No host pointers.")
  var noHostPointers = false
  @Flag(help: "Run each case also with blocks of one instruction and no host pointers; both must leave the same.")
  var compare = false

  @Flag(help: "VMCSs filled at random, and entered.")
  var vmx = false
  @Option(help: "Processors with --vmx: 1 or 2.")
  var processors = 1

  func validate() throws {
    guard 1...2 ~= processors else { throw ValidationError("--processors is 1 or 2") }
    guard cases > 0 else { throw ValidationError("--cases is a positive number") }
    guard number ?? 0 >= 0 else { throw ValidationError("--case is not negative") }
    guard first >= 0 else { throw ValidationError("--first is not negative") }
  }

  func run() throws {
    var options = FuzzOptions()
    options.cases = number == nil ? cases : 1
    options.first = number ?? first
    options.seed = seed
    options.settings = FuzzSettings(blockLimit: blockLimit, usesHostPointers: !noHostPointers)
    if compare { options.other = FuzzSettings(blockLimit: 1, usesHostPointers: false) }
    if vmx { return try runVMX(options) }
    let campaign = try FuzzCampaign(options)
    nameCrashes(current: campaign.current)
    if let number {
      campaign.explain(number).forEach { print($0) }
      return
    }
    let start = Date()
    // A case takes microseconds: so many of them do not take a minute unless one hangs.
    let report = campaign.run { _ in watchForHangs() }
    let seconds = Date().timeIntervalSince(start)
    report.lines.forEach { print($0) }
    print("\(report.cases) cases of seed \(seed), hash \(report.hash)")
    print(String(format: "%.1f s, %.1f microseconds a case", seconds, seconds * 1e6 / Double(report.cases)))
    for number in report.differing { campaign.explain(number).forEach { print($0) } }
    if !report.differing.isEmpty { throw ExitCode.failure }
  }

  private func runVMX(_ options: FuzzOptions) throws {
    let campaign = try VMXFuzzCampaign(options, processors: processors)
    nameCrashes(current: campaign.current)
    let start = Date()
    let report = campaign.run { _ in watchForHangs() }
    let seconds = Date().timeIntervalSince(start)
    report.lines.forEach { print($0) }
    print("\(report.cases) cases of seed \(seed), \(processors) processors, hash \(report.hash)")
    print(String(format: "%.1f s, %.1f microseconds a case", seconds, seconds * 1e6 / Double(report.cases)))
    if !report.differing.isEmpty {
      print("different with blocks of one instruction and no host pointers: \(report.differing)")
      throw ExitCode.failure
    }
  }
}

/// The number of the case that is being run, for the signal handler.
nonisolated(unsafe) private var currentCase: UnsafeMutablePointer<Int>?

/// Writes which case it was and lets the signal do what it does. Only calls what a signal handler may.
private func nameTheCase(_ signal: Int32) {
  var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
  withUnsafeMutableBytes(of: &digits) { room in
    var number = currentCase?.pointee ?? 0
    var place = room.count - 1
    room[place] = 0x0A
    repeat {
      place -= 1
      room[place] = UInt8(0x30 + number % 10)
      number /= 10
    } while number > 0
    let text: StaticString = "fuzz: crashed or hung in case "
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
    if let first = room.baseAddress { _ = write(2, first + place, room.count - place) }
  }
  Foundation.signal(signal, SIG_DFL)
  raise(signal)
}

private func nameCrashes(current: UnsafeMutablePointer<Int>) {
  currentCase = current
  for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGPROF] { signal(number, nameTheCase) }
  watchForHangs()
}

/// A minute of processor time from now on is a hang; a process that was stopped for a minute is none.
private func watchForHangs() {
  var minute = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 60, tv_usec: 0))
  _ = setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &minute, nil)
}

FuzzCommand.main()
