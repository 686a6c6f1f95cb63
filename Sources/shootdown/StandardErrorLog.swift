import Logging

/// Log lines for people: one line each on standard error, `shootdown: text`.
struct StandardErrorLog: LogHandler {
  var logLevel = Logger.Level.notice
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    StandardError.line("\(event.message)")
  }
}
