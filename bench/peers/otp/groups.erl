%% The groups benchmark in Erlang with pg: what bench/groups/actors.ts does.
-module(groups).
-export([main/1, fill/1, got/0, count/1, start/0]).

-define(PAIRS, 20000).
-define(MEMBERS, 100000).
-define(MESSAGES, 10).

main(Others) ->
    Nodes = [list_to_atom(N) || N <- Others],
    [connect(N, 400) || N <- Nodes],
    All = [node() | Nodes],
    [ok = erpc:call(N, ?MODULE, start, []) || N <- All],
    timer:sleep(500),
    [print("groups.join_leave", join_leave(Nodes)) || _ <- [1, 2, 3]],
    Share = ?MEMBERS div length(All),
    [erpc:call(N, ?MODULE, fill, [Share]) || N <- All],
    until(fun() -> lists:all(fun(N) -> erpc:call(N, ?MODULE, count, [crowd]) =:= ?MEMBERS end, All) end),
    [print("groups.publish", publish(All)) || _ <- [1, 2, 3]],
    io:format("{\"measured\":\"end\",\"value\":0}~n"),
    halt().

print(Name, Value) -> io:format("{\"measured\":\"~s\",\"value\":~p}~n", [Name, float(Value)]).

connect(_, 0) -> halt(1);
connect(Node, N) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> receive after 25 -> connect(Node, N - 1) end
    end.

start() ->
    Self = self(),
    spawn(fun() ->
        {ok, _} = pg:start_link(),
        persistent_term:put(received, counters:new(1, [])),
        Self ! started,
        receive never -> ok end
    end),
    receive started -> ok end.

member() -> receive N -> counters:add(persistent_term:get(received), 1, N), member() end.

fill(Count) ->
    pg:join(crowd, [spawn(fun member/0) || _ <- lists:seq(1, Count)]).

got() -> counters:get(persistent_term:get(received), 1).

count(Group) -> length(pg:get_members(Group)).

until(Fun) ->
    case Fun() of
        true -> ok;
        false -> receive after 1 -> until(Fun) end
    end.

join_leave(Others) ->
    Start = erlang:monotonic_time(microsecond),
    pairs(?PAIRS),
    pg:join(marker, self()),
    [until(fun() -> erpc:call(N, ?MODULE, count, [marker]) =:= 1 end) || N <- Others],
    Time = erlang:monotonic_time(microsecond) - Start,
    pg:leave(marker, self()),
    [until(fun() -> erpc:call(N, ?MODULE, count, [marker]) =:= 0 end) || N <- Others],
    ?PAIRS * 1000000 / Time.

pairs(0) -> ok;
pairs(N) ->
    pg:join(churn, self()),
    pg:leave(churn, self()),
    pairs(N - 1).

sum(Nodes) -> lists:sum([erpc:call(N, ?MODULE, got, []) || N <- Nodes]).

publish(Nodes) ->
    Before = sum(Nodes),
    Start = erlang:monotonic_time(microsecond),
    [[P ! 1 || P <- pg:get_members(crowd)] || _ <- lists:seq(1, ?MESSAGES)],
    until(fun() -> sum(Nodes) - Before =:= ?MESSAGES * ?MEMBERS end),
    ?MESSAGES * ?MEMBERS * 1000000 / (erlang:monotonic_time(microsecond) - Start).
