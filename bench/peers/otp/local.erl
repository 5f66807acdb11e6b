%% The programs of bench/local on Erlang: run(Name, Size) does one and returns microseconds (bytes for idle_bytes).
-module(local).
-export([main/1]).

main([Name, Size, Rounds]) ->
    N = list_to_integer(Size),
    Values = [run(list_to_atom(Name), N) || _ <- lists:seq(1, list_to_integer(Rounds))],
    io:format("~s~n", [string:join([float_to_list(float(V), [{decimals, 3}]) || V <- Values], " ")]),
    halt(0).

timed(Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

run(pingpong, N) ->
    Self = self(),
    Pong = spawn(fun() -> pong(N, Self) end),
    timed(fun() -> ping(N, Pong) end);
run(flood, N) ->
    Self = self(),
    Sink = spawn(fun() -> sink(N, 0), Self ! done end),
    timed(fun() -> flood(N, Sink), receive done -> ok end end);
run(spawn_reply, N) ->
    timed(fun() -> spawn_reply(N) end);
run(spawn_burst, N) ->
    Self = self(),
    timed(fun() ->
        Pids = [spawn(fun() -> receive stop -> Self ! stopped end end) || _ <- lists:seq(1, N)],
        [P ! stop || P <- Pids],
        [receive stopped -> ok end || _ <- Pids]
    end);
run(idle_bytes, N) ->
    erlang:garbage_collect(),
    Before = erlang:memory(processes),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)],
    Bytes = (erlang:memory(processes) - Before) / N,
    [begin R = monitor(process, P), P ! stop, receive {'DOWN', R, process, P, _} -> ok end end || P <- Pids],
    Bytes;
run(selective, N) ->
    Self = self(),
    Pid = spawn(fun() ->
        receive {wanted, _} -> ok end,
        Self ! got,
        unmatched(N),
        Self ! drained
    end),
    timed(fun() ->
        [Pid ! {other, I} || I <- lists:seq(1, N)],
        Pid ! {wanted, 1},
        receive got -> ok end
    end);
run(monitors, N) ->
    Pid = spawn(fun() -> receive stop -> ok end end),
    timed(fun() ->
        Refs = [monitor(process, Pid) || _ <- lists:seq(1, N)],
        Pid ! stop,
        [receive {'DOWN', R, process, _, _} -> ok end || R <- Refs]
    end).

pong(0, _) -> ok;
pong(N, To) -> receive {ping, I} -> To ! {pong, I}, pong(N - 1, To) end.

ping(0, _) -> ok;
ping(N, To) -> To ! {ping, self()}, receive {pong, _} -> ping(N - 1, To) end.

sink(0, Sum) -> Sum;
sink(N, Sum) -> receive {add, By} -> sink(N - 1, Sum + By) end.

flood(0, _) -> ok;
flood(N, To) -> To ! {add, 1}, flood(N - 1, To).

spawn_reply(0) -> ok;
spawn_reply(N) ->
    Self = self(),
    spawn(fun() -> Self ! {reply, N} end),
    receive {reply, N} -> spawn_reply(N - 1) end.

unmatched(0) -> ok;
unmatched(N) -> receive {other, _} -> unmatched(N - 1) end.
