%% The distribution benchmark in Erlang: what bench/dist/actors.ts does, message for message.
-module(dist).
-export([main/1, sink/2, echo/0, answer_once/1, value/1]).

main([Peer]) ->
    Node = list_to_atom(Peer),
    connect(Node, 200),
    lists:foreach(fun({Name, Fun}) ->
        [io:format("{\"measured\":\"~s\",\"round\":~b,\"value\":~p}~n", [Name, R, float(Fun(Node))])
         || R <- [0, 1, 2]]
    end, measurements()),
    io:format("{\"measured\":\"end\"}~n"),
    halt().

connect(_, 0) -> halt(1);
connect(Node, N) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> receive after 25 -> connect(Node, N - 1) end
    end.

measurements() ->
    [{"flood.small", fun(N) -> flood(N, small, 300000) end},
     {"flood.record", fun(N) -> flood(N, record, 200000) end},
     {"flood.b1k", fun(N) -> flood(N, b1k, 50000) end},
     {"flood.b64k", fun(N) -> flood(N, b64k, 2000) end},
     {"flood.16x16", fun(N) -> floods(N, 16, 20000) end},
     {"rtt.p50_us", fun(N) -> lists:nth(2500, round_trips(N, 5000)) end},
     {"rtt.p99_us", fun(N) -> lists:nth(4950, round_trips(N, 5000)) end},
     {"pingpong.100pairs", fun(N) -> ping_pongs(N, 100, 500) end},
     {"spawn_reply", fun(N) -> in_turn(2000, fun() -> spawn_reply(N) end) end},
     {"spawn_concurrent", fun(N) -> at_once(10000, 1000, fun() -> spawn_reply(N) end) end},
     {"rpc", fun(N) -> in_turn(2000, fun() -> 1 = erpc:call(N, dist, value, [1]) end) end},
     {"rpc_concurrent", fun(N) ->
         at_once(10000, 1000, fun() -> 1 = erpc:call(N, dist, value, [1]) end) end}].

message(small, N) -> {m, N};
message(record, N) ->
    #{type => payment, account => account(N rem 100), amount => N, currency => <<"EUR">>,
      ts => 1700000000000 + N};
message(b1k, _) -> binary:copy(<<0>>, 1024);
message(b64k, _) -> binary:copy(<<0>>, 65536).

account(N) -> <<"acc-", (integer_to_binary(N))/binary>>.

sink(0, To) -> To ! done;
sink(N, To) -> receive _ -> sink(N - 1, To) end.

source(_, N, N, _) -> ok;
source(Kind, I, N, To) -> To ! message(Kind, I), source(Kind, I + 1, N, To).

echo() -> receive {From, N} -> From ! N, echo() end.

answer_once(To) -> To ! here.

value(N) -> N.

flood(Node, Kind, Count) ->
    To = spawn(Node, dist, sink, [Count, self()]),
    Start = now_us(),
    spawn(fun() -> source(Kind, 0, Count, To) end),
    receive done -> ok end,
    Count * 1.0e6 / (now_us() - Start).

floods(Node, Pairs, Count) ->
    Sinks = [spawn(Node, dist, sink, [Count, self()]) || _ <- lists:seq(1, Pairs)],
    Start = now_us(),
    [spawn(fun() -> source(small, 0, Count, To) end) || To <- Sinks],
    [receive done -> ok end || _ <- Sinks],
    Pairs * Count * 1.0e6 / (now_us() - Start).

round_trips(Node, Count) ->
    To = spawn(Node, dist, echo, []),
    Times = [begin
        Start = erlang:monotonic_time(nanosecond),
        To ! {self(), N},
        receive N -> ok end,
        (erlang:monotonic_time(nanosecond) - Start) / 1000
    end || N <- lists:seq(1, Count)],
    exit(To, kill),
    lists:sort(Times).

ping_pongs(Node, Pairs, Rounds) ->
    Echoes = [spawn(Node, dist, echo, []) || _ <- lists:seq(1, Pairs)],
    Self = self(),
    Start = now_us(),
    [spawn(fun() -> play(To, Rounds), Self ! done end) || To <- Echoes],
    [receive done -> ok end || _ <- Echoes],
    Rate = Pairs * Rounds * 1.0e6 / (now_us() - Start),
    [exit(To, kill) || To <- Echoes],
    Rate.

play(_, 0) -> ok;
play(To, N) -> To ! {self(), N}, receive N -> play(To, N - 1) end.

spawn_reply(Node) ->
    spawn(Node, dist, answer_once, [self()]),
    receive here -> ok end.

in_turn(Count, Fun) ->
    Start = now_us(),
    [Fun() || _ <- lists:seq(1, Count)],
    Count * 1.0e6 / (now_us() - Start).

at_once(Total, Width, Fun) ->
    Self = self(),
    Start = now_us(),
    [begin
        [spawn(fun() -> Fun(), Self ! one_done end) || _ <- lists:seq(1, Width)],
        [receive one_done -> ok end || _ <- lists:seq(1, Width)]
    end || _ <- lists:seq(1, Total div Width)],
    Total * 1.0e6 / (now_us() - Start).

now_us() -> erlang:monotonic_time(microsecond).
