-- Asks for addresses where nothing is, the same ones in every run, and says what came of it.

function init(arguments)
   math.randomseed(tonumber(arguments[1]))
end

function request()
   local parts = {}
   for depth = 1, math.random(1, 4) do
      parts[depth] = string.format("%x", math.random(0, 2147483647))
   end
   return wrk.format("GET", "/" .. table.concat(parts, "/") .. "/")
end

function done(summary, latency, requests)
   local errors = summary.errors
   local broken = errors.connect + errors.read + errors.write + errors.timeout
   local format = '\n{"requests": %d, "seconds": %f, "errors": %d, "broken": %d}\n'
   io.write(format:format(summary.requests, summary.duration / 1e6, errors.status, broken))
end
