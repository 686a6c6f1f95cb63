import ArgumentParser
import EPTTLB
import Litmus

/// `shootdown litmus`: the TLB rules as programs.
struct LitmusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "litmus",
    abstract: "Run the TLB rules as programs; status 8 when an outcome is not what it must be.",
    discussion: """
      Each program shows one rule of docs/TLB-RULES.md: outcomes that the architecture allows and forbids, and what came \
      of it under each TLB policy (docs/LITMUS.md). To run one alone: shootdown guests run litmus --cpus 2 --append NAME.
      """)

  @Argument(help: ArgumentHelp("Programs, or rules as S1 (default: all).", valueName: "name"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Only under this TLB policy; repeatable.", valueName: "policy"))
  var tlb: [String] = []

  @Flag(help: "JSON on standard output, one object a line (docs/JSON.md).")
  var json = false

  @Flag(help: "The tables of docs/LITMUS.md.")
  var markdown = false

  @Option(help: ArgumentHelp("Threads (default: the host's processors).", valueName: "n"))
  var threads: Int?

  func run() throws {
    if let threads, !(1...1024).contains(threads) { throw Misuse("--threads: '\(threads)' is not 1 to 1024") }
    if json, markdown { throw Misuse("--json and --markdown exclude each other") }
    let rows = try chosen(from: LitmusRow.all())
    let policies = try (tlb.isEmpty ? LitmusRow.policies : tlb).map { name in
      do { return try RetentionPolicy.named(name).get() } catch { throw Misuse("--tlb: \(error)") }
    }
    if Set(policies.map(\.name)).count != policies.count { throw Misuse("--tlb: a policy is named twice") }
    let results = try LitmusRow.run(rows, under: policies, threads: threads)
    let gaps = try LitmusGap.all().filter { names.isEmpty || names.contains($0.rule) }
    let report = LitmusReport(results, gaps: gaps)
    if json {
      let events = EventStream()
      for (index, result) in results.enumerated() {
        events.send(LitmusEvent(result, required: result.row.required(of: policies[index % policies.count])))
      }
    } else {
      print(markdown ? report.markdown : report.text, terminator: "")
    }
    if !report.holds { throw ExitCode(ExitStatus.expectation) }
  }

  /// The rows of some names, in the table's order.
  private func chosen(from rows: [LitmusRow]) throws -> [LitmusRow] {
    guard !names.isEmpty else { return rows }
    let gaps = try LitmusGap.all().map(\.rule)
    for name in names where !gaps.contains(name) && !rows.contains(where: { name == $0.name || name == $0.rule }) {
      throw Misuse("there is no litmus program or rule '\(name)'; 'shootdown litmus' lists them")
    }
    return rows.filter { names.contains($0.name) || names.contains($0.rule) }
  }
}
